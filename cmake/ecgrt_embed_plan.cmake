# ecgrt_embed_plan(TARGET [PLAN [NAME]]): puts a plan into TARGET as bytes, so that the program needs
# no file. C and C++ see them as
#
#   extern const unsigned char NAME[];        // NAME is ecgrt_plan unless another is given
#   extern const unsigned char NAME_end[];
function(ecgrt_embed_plan target)
  set(plan "${ecgrt_PLAN}")
  set(name ecgrt_plan)
  if(ARGC GREATER 1)
    get_filename_component(plan "${ARGV1}" ABSOLUTE)
  endif()
  if(ARGC GREATER 2)
    set(name "${ARGV2}")
  endif()
  if(NOT EXISTS "${plan}")
    message(FATAL_ERROR "ecgrt_embed_plan: there is no plan ${plan}")
  endif()
  # The assembler takes the bytes as they are: a table in C of a megabyte takes a compiler seconds.
  set(source "${CMAKE_CURRENT_BINARY_DIR}/${target}_${name}.c")
  file(WRITE "${source}.in" "__asm__(
#if defined(__APPLE__)
  \".section __TEXT,__const\\n .balign 64\\n .globl _${name}, _${name}_end\\n\"
  \"_${name}:\\n .incbin \\\"${plan}\\\"\\n _${name}_end:\\n .byte 0\\n .text\\n\"
#else
  \".section .rodata\\n .balign 64\\n .globl ${name}, ${name}_end\\n\"
  \"${name}:\\n .incbin \\\"${plan}\\\"\\n${name}_end:\\n .byte 0\\n .text\\n\"
#endif
);
")
  configure_file("${source}.in" "${source}" COPYONLY)
  set_source_files_properties("${source}" PROPERTIES OBJECT_DEPENDS "${plan}")
  target_sources(${target} PRIVATE "${source}")
endfunction()
