# The library for C and C++, shared and static, and what `cmake --install` puts beside it: headers, a
# CMake package, a pkg-config file and the plan of the compact model. Include it behind the kernels.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(ECGRT_GENERATED "${CMAKE_CURRENT_BINARY_DIR}/include")
configure_file(include/ecgrt/version.h.in "${ECGRT_GENERATED}/ecgrt/version.h" @ONLY)

add_library(ecgrt_capi OBJECT
  cpp/capi/classifier.cpp
  cpp/capi/guard.cpp
  cpp/capi/predict.cpp
  cpp/capi/prediction.cpp
  cpp/capi/signal.cpp
  cpp/capi/stream.cpp
  cpp/capi/timeline.cpp)
target_include_directories(ecgrt_capi PRIVATE cpp)
target_include_directories(ecgrt_capi PUBLIC include "${ECGRT_GENERATED}")
# Small before fast: these hand over what others found.
target_compile_options(ecgrt_capi PRIVATE $<$<CONFIG:Release>:-Os>)
target_link_libraries(ecgrt_capi PRIVATE ecgrt_warnings)

function(ecgrt_add_library kind)
  string(TOLOWER "${kind}" name)
  add_library(ecgrt_${name} ${kind} ${ECGRT_OBJECTS} $<TARGET_OBJECTS:ecgrt_capi>)
  add_library(ecgrt::${name} ALIAS ecgrt_${name})
  set_target_properties(ecgrt_${name} PROPERTIES OUTPUT_NAME ecgrt EXPORT_NAME ${name}
    VERSION "${PROJECT_VERSION}" SOVERSION "${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
  target_include_directories(ecgrt_${name} INTERFACE
    "$<BUILD_INTERFACE:${CMAKE_CURRENT_SOURCE_DIR}/include>" "$<BUILD_INTERFACE:${ECGRT_GENERATED}>"
    "$<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>")
  target_link_libraries(ecgrt_${name} PRIVATE Threads::Threads ${CMAKE_DL_LIBS})
endfunction()

ecgrt_add_library(SHARED)
ecgrt_add_library(STATIC)

# What the shared library shows: nothing but what the list names. Templates of the standard library
# are visible whatever the compiler was told.
set(ECGRT_SYMBOLS "${CMAKE_CURRENT_SOURCE_DIR}/cpp/capi/symbols.txt")
file(STRINGS "${ECGRT_SYMBOLS}" ECGRT_SYMBOL_NAMES)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${ECGRT_SYMBOLS}")
if(APPLE)
  list(TRANSFORM ECGRT_SYMBOL_NAMES PREPEND "_")
  string(REPLACE ";" "\n" ECGRT_SYMBOL_TEXT "${ECGRT_SYMBOL_NAMES}")
  set(ECGRT_SYMBOL_OPTION "LINKER:-exported_symbols_list,")
else()
  string(REPLACE ";" "; " ECGRT_SYMBOL_TEXT "${ECGRT_SYMBOL_NAMES}")
  set(ECGRT_SYMBOL_TEXT
      "ECGRT_${PROJECT_VERSION_MAJOR} { global: ${ECGRT_SYMBOL_TEXT}; local: *; };")
  set(ECGRT_SYMBOL_OPTION "LINKER:--version-script,")
endif()
file(GENERATE OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/symbols.map" CONTENT "${ECGRT_SYMBOL_TEXT}\n")
target_link_options(ecgrt_shared PRIVATE
  "${ECGRT_SYMBOL_OPTION}${CMAKE_CURRENT_BINARY_DIR}/symbols.map")
set_target_properties(ecgrt_shared PROPERTIES LINK_DEPENDS "${ECGRT_SYMBOLS}")
if(NOT APPLE)
  target_link_options(ecgrt_shared PRIVATE LINKER:--no-undefined,--gc-sections)
endif()

# -- installation

set(ECGRT_CMAKE_DIR "${CMAKE_INSTALL_LIBDIR}/cmake/ecgrt")
set(ECGRT_PLAN_DIR "${CMAKE_INSTALL_DATADIR}/ecgrt")
install(TARGETS ecgrt_shared ecgrt_static EXPORT ecgrtTargets)
install(EXPORT ecgrtTargets NAMESPACE ecgrt:: DESTINATION "${ECGRT_CMAKE_DIR}")
install(FILES include/ecgrt/ecgrt.h include/ecgrt/ecgrt.hpp include/ecgrt/prediction.hpp
              include/ecgrt/classifier.hpp include/ecgrt/stream.hpp
              include/ecgrt/timeline.h include/ecgrt/timeline.hpp
              "${ECGRT_GENERATED}/ecgrt/version.h"
        DESTINATION "${CMAKE_INSTALL_INCLUDEDIR}/ecgrt")
install(FILES src/ecgrt/plans/cinc17-compact.plan DESTINATION "${ECGRT_PLAN_DIR}")
install(FILES LICENSE THIRD_PARTY_NOTICES.txt DESTINATION "${CMAKE_INSTALL_DOCDIR}")

configure_package_config_file(cmake/ecgrtConfig.cmake.in
  "${CMAKE_CURRENT_BINARY_DIR}/ecgrtConfig.cmake" INSTALL_DESTINATION "${ECGRT_CMAKE_DIR}"
  PATH_VARS ECGRT_PLAN_DIR)
# Before 1.0 a minor version may break what was.
write_basic_package_version_file("${CMAKE_CURRENT_BINARY_DIR}/ecgrtConfigVersion.cmake"
  COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/ecgrtConfig.cmake"
              "${CMAKE_CURRENT_BINARY_DIR}/ecgrtConfigVersion.cmake"
              cmake/ecgrt_embed_plan.cmake DESTINATION "${ECGRT_CMAKE_DIR}")

file(RELATIVE_PATH ECGRT_PREFIX_FROM_PC "${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig"
     "${CMAKE_INSTALL_PREFIX}")
configure_file(cmake/ecgrt.pc.in "${CMAKE_CURRENT_BINARY_DIR}/ecgrt.pc" @ONLY)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/ecgrt.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig")
