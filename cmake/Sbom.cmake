# What compiled code of others a wheel holds, as CycloneDX, where PEP 770 wants it. What it needs
# installed stands in its metadata. Include it behind pybind11.

# Reads NAME_MAJOR, _MINOR and one more from a header's macros.
function(ecgrt_read_version header prefix parts result)
  set(version "")
  foreach(part ${parts})
    file(STRINGS "${header}" line REGEX "define +${prefix}_${part} +[0-9]+" LIMIT_COUNT 1)
    string(REGEX REPLACE ".*${prefix}_${part} +([0-9]+).*" "\\1" number "${line}")
    list(APPEND version "${number}")
  endforeach()
  list(JOIN version "." version)
  set(${result} "${version}" PARENT_SCOPE)
endfunction()

if(nlohmann_json_FOUND)
  set(ECGRT_JSON_VERSION "${nlohmann_json_VERSION}")
else()
  ecgrt_read_version("${ECGRT_JSON_INCLUDE_DIR}/nlohmann/json.hpp" NLOHMANN_JSON_VERSION
                     "MAJOR;MINOR;PATCH" ECGRT_JSON_VERSION)
endif()
ecgrt_read_version("${CMAKE_CURRENT_SOURCE_DIR}/cpp/third_party/xxhash/xxhash.h" XXH_VERSION
                   "MAJOR;MINOR;RELEASE" ECGRT_XXHASH_VERSION)
configure_file(packaging/ecgrt.cdx.json.in "${CMAKE_CURRENT_BINARY_DIR}/ecgrt.cdx.json")
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/ecgrt.cdx.json"
        DESTINATION "${SKBUILD_METADATA_DIR}/sboms")
