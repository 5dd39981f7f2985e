# The TensorRT backend, a module of its own that the core opens when a plan needs it: ecgrt imports
# on machines without a GPU, a driver or TensorRT all the same. Include it behind ecgrt_core.

option(ECGRT_TENSORRT "Build the TensorRT backend where TensorRT is found" ON)
if(NOT ECGRT_TENSORRT)
  return()
endif()

list(APPEND CMAKE_MODULE_PATH "${CMAKE_CURRENT_LIST_DIR}")
find_package(TensorRT)
if(NOT TensorRT_FOUND)
  message(STATUS "The TensorRT backend is not built (docs/tensorrt.md tells what it needs)")
  return()
endif()
message(STATUS "The TensorRT backend is built for TensorRT ${TensorRT_VERSION} (${TensorRT_FLAVOUR})")

add_library(ecgrt_tensorrt MODULE
  cpp/tensorrt/cuda_resources.cpp
  cpp/tensorrt/engine.cpp
  cpp/tensorrt/execution_slot.cpp
  cpp/tensorrt/log.cpp
  cpp/tensorrt/refusal.cpp
  cpp/tensorrt/runtime_settings.cpp
  cpp/tensorrt/tensorrt_backend.cpp)
target_link_libraries(ecgrt_tensorrt PRIVATE ecgrt_core ecgrt_warnings TensorRT::TensorRT)
# From ecgrt/ to where NVIDIA's wheels put the library in the same site-packages, then to where it
# was found.
set_target_properties(ecgrt_tensorrt PROPERTIES
  INSTALL_RPATH "$ORIGIN/../tensorrt_libs:$ORIGIN/../tensorrt_rtx_libs:$ORIGIN/../nvidia/cu13/lib"
  INSTALL_RPATH_USE_LINK_PATH ON)
# The core looks for it beside itself: beside the extension, and beside the library for C and C++.
if(ECGRT_PYTHON)
  install(TARGETS ecgrt_tensorrt LIBRARY DESTINATION ecgrt)
endif()
if(ECGRT_LIBRARY)
  include(GNUInstallDirs)
  install(TARGETS ecgrt_tensorrt LIBRARY DESTINATION "${CMAKE_INSTALL_LIBDIR}")
endif()
