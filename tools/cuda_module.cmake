# wellspring-cuda.so, what GPUs compute with: optional, and not linked, for the program opens it when
# it runs. Not by CMake's own language CUDA, which fails where its default architectures are not
# known to the compiler, and would hand it every option that is meant for C.
#
#   -DWS_CUDA=OFF                      without it
#   -DWS_NVCC=/opt/cuda/bin/nvcc       by this compiler
#   -DCMAKE_CUDA_ARCHITECTURES=...     for these GPUs
set(cuda_wanted ON)
if(WS_SANITIZE)
    set(cuda_wanted OFF) # they do not look at kernels, which are compiled for minutes
endif()
option(WS_CUDA "Build the CUDA module, where there is an nvcc" ${cuda_wanted})
find_program(WS_NVCC nvcc HINTS /usr/local/cuda/bin DOC "CUDA's compiler")
set(CMAKE_CUDA_ARCHITECTURES "80-real;90-real;90-virtual" CACHE STRING
    "GPUs that the CUDA module has code for; a virtual one is compiled by the driver for later ones")
file(GLOB cuda_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/compute/cuda/*.cu)
if(NOT WS_CUDA)
    message(STATUS "wellspring-cuda.so is not built: WS_CUDA is off")
    return()
elseif(NOT WS_NVCC)
    message(STATUS "wellspring-cuda.so is not built: no nvcc here (-DWS_NVCC=PATH says where)")
    return()
endif()

set(cuda_flags -std=c++17 -O3 --compress-mode=size --cudart static
    -Xcompiler=-fPIC,-fvisibility=hidden,-Wall,-Wextra
    -I${CMAKE_SOURCE_DIR}/src -D_GNU_SOURCE -DWS_VERSION="${PROJECT_VERSION}")
if(WS_WERROR)
    list(APPEND cuda_flags -Werror all-warnings)
endif()
if(NOT WS_PORTABLE)
    list(APPEND cuda_flags -lineinfo) # twice the size, for profilers
endif()
foreach(architecture ${CMAKE_CUDA_ARCHITECTURES})
    string(REGEX MATCH "^[0-9]+[a-z]?" number ${architecture})
    if(architecture MATCHES "-real$")
        list(APPEND cuda_flags -gencode arch=compute_${number},code=sm_${number})
    elseif(architecture MATCHES "-virtual$")
        list(APPEND cuda_flags -gencode arch=compute_${number},code=compute_${number})
    else()
        list(APPEND cuda_flags
            -gencode "arch=compute_${number},code=[sm_${number},compute_${number}]")
    endif()
endforeach()

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/cuda)
set(cuda_objects)
foreach(source ${cuda_sources})
    get_filename_component(name ${source} NAME_WE)
    set(object ${CMAKE_BINARY_DIR}/cuda/${name}.o)
    add_custom_command(OUTPUT ${object}
        COMMAND ${CMAKE_C_COMPILER_LAUNCHER} ${WS_NVCC} ${cuda_flags} -MD -MF ${object}.d
            -c ${source} -o ${object}
        DEPENDS ${source} DEPFILE ${object}.d COMMENT "Building CUDA object ${name}.o" VERBATIM)
    list(APPEND cuda_objects ${object})
endforeach()

# What it needs of base, and base of Unicode, is linked into it, and stays inside.
find_library(WS_UTF8PROC NAMES libutf8proc.a utf8proc)
set(cuda_module ${CMAKE_BINARY_DIR}/wellspring-cuda.so)
add_custom_command(OUTPUT ${cuda_module}
    # What it does not have itself is missed when it is linked, and not when it is opened.
    COMMAND ${WS_NVCC} -shared --cudart static -Xlinker -z,defs -o ${cuda_module} ${cuda_objects}
        $<TARGET_FILE:ws_base> ${WS_UTF8PROC}
        -Xlinker --as-needed -Xlinker --exclude-libs=ALL
    DEPENDS ${cuda_objects} ws_base COMMENT "Linking wellspring-cuda.so" VERBATIM)
add_custom_target(ws_cuda ALL DEPENDS ${cuda_module})
