# Finds NVIDIA TensorRT, either flavour: headers, library and the CUDA runtime that goes with them.
#
#   TensorRT_ROOT, CUDAToolkit_ROOT   where to look first (CMake or environment variables)
#
#   TensorRT_HEADERS_FOUND   the headers of TensorRT and of the CUDA runtime are here
#   TensorRT_FOUND           so are the libraries; the target TensorRT::TensorRT links both
#   TensorRT_FLAVOUR         enterprise or rtx, as the headers say
#   TensorRT_VERSION         such as 11.1.0, likewise
#   TensorRT::Headers        target: include folders only
#
# TensorRT checks nothing at run time, and the two flavours differ in layout behind the same names.
# So the headers decide, and only the library whose file name has that flavour and major version is
# taken.

include(FindPackageHandleStandardArgs)

set(_tensorrt_hints ${TensorRT_ROOT} $ENV{TensorRT_ROOT})
set(_cuda_hints ${CUDAToolkit_ROOT} $ENV{CUDAToolkit_ROOT} $ENV{CUDA_HOME} /usr/local/cuda)
set(_architecture_folder "${CMAKE_SYSTEM_PROCESSOR}-linux-gnu")

find_path(TensorRT_INCLUDE_DIR NvInferRuntime.h
          HINTS ${_tensorrt_hints} PATHS /usr/include/${_architecture_folder} /usr/include/aarch64-linux-gnu
          PATH_SUFFIXES include)
find_path(TensorRT_CUDA_INCLUDE_DIR cuda_runtime_api.h
          HINTS ${_cuda_hints} PATH_SUFFIXES include targets/${CMAKE_SYSTEM_PROCESSOR}-linux/include)
find_library(TensorRT_CUDART_LIBRARY NAMES cudart_static cudart
             HINTS ${_cuda_hints} PATH_SUFFIXES lib64 lib lib/${_architecture_folder})

set(TensorRT_HEADERS_FOUND FALSE)
if(TensorRT_INCLUDE_DIR AND TensorRT_CUDA_INCLUDE_DIR)
  set(TensorRT_HEADERS_FOUND TRUE)
endif()

if(TensorRT_INCLUDE_DIR)
  file(STRINGS "${TensorRT_INCLUDE_DIR}/NvInferVersion.h" _definitions REGEX "#define +[A-Z_]+ +[0-9]+")
  # RTX defines TRT_MAJOR_RTX, enterprise TRT_MAJOR_ENTERPRISE, before 10.11 NV_TENSORRT_MAJOR.
  if("${_definitions}" MATCHES "TRT_MAJOR_RTX")
    set(TensorRT_FLAVOUR rtx)
    set(_pattern "TRT_{}_RTX")
  elseif("${_definitions}" MATCHES "TRT_MAJOR_ENTERPRISE")
    set(TensorRT_FLAVOUR enterprise)
    set(_pattern "TRT_{}_ENTERPRISE")
  else()
    set(TensorRT_FLAVOUR enterprise)
    set(_pattern "NV_TENSORRT_{}")
  endif()
  foreach(_part MAJOR MINOR PATCH)
    string(REPLACE "{}" ${_part} _name ${_pattern})
    if("${_definitions}" MATCHES "${_name} +([0-9]+)")
      set(_${_part} ${CMAKE_MATCH_1})
    endif()
  endforeach()
  set(TensorRT_VERSION "${_MAJOR}.${_MINOR}.${_PATCH}")

  if(TensorRT_FLAVOUR STREQUAL rtx)
    set(_library_file "libtensorrt_rtx.so.${_MAJOR}")
    set(_wheel tensorrt_rtx_libs)
    set(_other_flavour "libnvinfer.so")
    set(_oldest 1.5)
  else()
    set(_library_file "libnvinfer.so.${_MAJOR}")
    set(_wheel tensorrt_libs)
    set(_other_flavour "libtensorrt_rtx.so")
    set(_oldest 10.3)
  endif()
  set(_wheel_folder "")
  if(Python_EXECUTABLE)
    execute_process(COMMAND "${Python_EXECUTABLE}" -c "import sysconfig; print(sysconfig.get_path('platlib'))"
                    OUTPUT_VARIABLE _site_packages OUTPUT_STRIP_TRAILING_WHITESPACE)
    set(_wheel_folder "${_site_packages}/${_wheel}")
  endif()
  find_library(TensorRT_LIBRARY NAMES ${_library_file}
               HINTS ${_tensorrt_hints} ${_wheel_folder} PATH_SUFFIXES lib lib64 lib/${_architecture_folder})
  if(TensorRT_VERSION VERSION_LESS _oldest)
    set(_refusal "the headers in ${TensorRT_INCLUDE_DIR} are of TensorRT ${TensorRT_VERSION} (${TensorRT_FLAVOUR}), ${_oldest} is the oldest that works")
    set(TensorRT_HEADERS_FOUND FALSE)
    set(TensorRT_LIBRARY TensorRT_LIBRARY-NOTFOUND)
  elseif(NOT TensorRT_LIBRARY)
    set(_refusal "the headers in ${TensorRT_INCLUDE_DIR} are of TensorRT ${TensorRT_VERSION} (${TensorRT_FLAVOUR}) and need ${_library_file}, which is not found")
    find_library(_other NAMES ${_other_flavour} ${_other_flavour}.1 ${_other_flavour}.10 ${_other_flavour}.11
                 HINTS ${_tensorrt_hints} PATH_SUFFIXES lib lib64 NO_CACHE)
    if(_other)
      string(APPEND _refusal " (${_other} is of the other flavour, which these headers do not fit)")
    endif()
  endif()
endif()

find_package_handle_standard_args(TensorRT
  REQUIRED_VARS TensorRT_LIBRARY TensorRT_INCLUDE_DIR TensorRT_CUDA_INCLUDE_DIR TensorRT_CUDART_LIBRARY
  VERSION_VAR TensorRT_VERSION
  REASON_FAILURE_MESSAGE "${_refusal}")

if(TensorRT_HEADERS_FOUND AND NOT TARGET TensorRT::Headers)
  add_library(TensorRT::Headers INTERFACE IMPORTED)
  target_include_directories(TensorRT::Headers SYSTEM INTERFACE "${TensorRT_INCLUDE_DIR}" "${TensorRT_CUDA_INCLUDE_DIR}")
endif()
if(TensorRT_FOUND AND NOT TARGET TensorRT::TensorRT)
  add_library(TensorRT::TensorRT INTERFACE IMPORTED)
  # The static CUDA runtime needs the last three.
  target_link_libraries(TensorRT::TensorRT INTERFACE
    TensorRT::Headers "${TensorRT_LIBRARY}" "${TensorRT_CUDART_LIBRARY}" Threads::Threads ${CMAKE_DL_LIBS} rt)
endif()
mark_as_advanced(TensorRT_INCLUDE_DIR TensorRT_LIBRARY TensorRT_CUDA_INCLUDE_DIR TensorRT_CUDART_LIBRARY)
