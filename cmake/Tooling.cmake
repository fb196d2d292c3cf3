# Compilers, warnings, sanitizers and caches: everything that is about how we build, not what.
option(TRANCHE_TESTS "build the tests" ON)
option(TRANCHE_BENCH "build the benches" ON)
option(TRANCHE_FUZZ "build the fuzz targets (clang only)" OFF)
option(TRANCHE_CANARIES "build tranche-canaries, the simulation with seeded bugs" ON)
set(TRANCHE_SANITIZE "" CACHE STRING "sanitizers for every target, as in -fsanitize=")

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE_PROGRAM})
endif()

find_program(LLD_PROGRAM ld.lld)
if(LLD_PROGRAM)
    add_link_options(-fuse-ld=lld)
endif()

# The hot path wants the instructions of any host that is worth colocating: AVX2, BMI2, ADX.
set(TRANCHE_ARCH "x86-64-v3" CACHE STRING "value of -march=, empty for the compiler's default")
if(TRANCHE_ARCH)
    add_compile_options(-march=${TRANCHE_ARCH})
    if(TRANCHE_ARCH STREQUAL "x86-64-v3")
        # The level leaves these out although each of its CPUs has them, and simdjson's fast
        # kernel is only chosen when the compiler may use carry-less multiplication.
        add_compile_options(-mpclmul -maes)
    endif()
endif()

add_compile_options(
    -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wswitch-enum -Werror
    -fno-omit-frame-pointer -fstack-protector-strong)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 sees overflows in its own inlined library code that are not there (GCC PR 105329 and kin).
    add_compile_options(-Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds
                        -Wno-interference-size -Wno-maybe-uninitialized)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
    add_compile_options(-D_FORTIFY_SOURCE=2)
endif()
add_link_options(-Wl,-z,relro,-z,now)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(TRANCHE_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(TRANCHE_SANITIZE)
    add_compile_options(-fsanitize=${TRANCHE_SANITIZE} -fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS)
    add_link_options(-fsanitize=${TRANCHE_SANITIZE})
endif()
