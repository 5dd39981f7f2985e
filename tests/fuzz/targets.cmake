# ecgrt_add_targets(PREFIX SOURCE ENGINE) makes PREFIX_plan and so on: with an engine that calls them,
# a library or a SOURCE.
set(ECGRT_FUZZ_FOLDER ${CMAKE_CURRENT_LIST_DIR})

function(ecgrt_add_targets prefix source engine)
  foreach(target plan metadata signal rhythm stream pieces rows)
    add_executable(${prefix}_${target} ${ECGRT_FUZZ_FOLDER}/fuzz_${target}.cpp ${source})
    target_link_libraries(${prefix}_${target} PRIVATE ecgrt_core ${engine})
  endforeach()
  # These carry plans in themselves; make_plans.py builds those that are not frozen.
  foreach(target stream pieces)
    target_compile_definitions(${prefix}_${target} PRIVATE
      ECGRT_FUZZ_PLANS="${ECGRT_FUZZ_FOLDER}/plans"
      ECGRT_FUZZ_FROZEN_PLANS="${ECGRT_FUZZ_FOLDER}/../data/plans/v2")
  endforeach()
endfunction()
