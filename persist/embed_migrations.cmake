# cmake -DOUTPUT=… -DSQL=a.sql;b.sql -P: writes the numbered .sql files into one .cpp, in order.
set(entries "")
foreach(file ${SQL})
    get_filename_component(name ${file} NAME)
    if(NOT name MATCHES "^0*([1-9][0-9]*)_([a-z0-9_]+)\\.sql$")
        message(FATAL_ERROR "migration ${name} is not named NNN_what_it_does.sql")
    endif()
    set(number ${CMAKE_MATCH_1})
    set(title ${CMAKE_MATCH_2})
    file(READ ${file} sql)
    string(APPEND entries "    Migration{${number}, \"${title}\", R\"~~sql(${sql})~~sql\"},\n")
endforeach()
file(WRITE ${OUTPUT}
     "#include <array>\n\n#include \"persist/migrate.hpp\"\n\nnamespace tranche {\n\n"
     "std::span<const Migration> migrations() {\n    static constexpr std::array all{\n"
     "${entries}    };\n    return all;\n}\n\n}  // namespace tranche\n")
