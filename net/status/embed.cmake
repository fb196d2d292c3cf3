# Writes the page as C++: `cmake -DOUT=… -DDIR=… -P embed.cmake`. Bytes, not string literals, so that
# no file can be too long for a compiler or hold a sequence that ends its literal.
set(paths "/" "/app.js" "/style.css" "/icon.svg")
set(files index.html app.js style.css icon.svg)
set(types "text/html|charset=utf-8" "text/javascript|charset=utf-8" "text/css|charset=utf-8"
          "image/svg+xml")
set(arrays "")
set(table "")
foreach(number RANGE 3)
    list(GET paths ${number} path)
    list(GET files ${number} file)
    list(GET types ${number} type)
    string(REPLACE "|" "; " type "${type}")
    file(READ ${DIR}/${file} bytes HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," bytes "${bytes}")
    string(APPEND arrays "constexpr char content_${number}[] = {${bytes}};\n")
    string(APPEND table "    Asset{\"${path}\", \"${type}\", {content_${number}, sizeof content_${number}}},\n")
endforeach()
file(WRITE ${OUT} "#include \"net/status/assets.hpp\"\n\nnamespace tranche {\nnamespace {\n\n${arrays}
constexpr Asset assets[] = {\n${table}};\n\n}  // namespace\n
const Asset* find_asset(std::string_view path) {\n    for (const Asset& asset : assets)
        if (asset.path == path) return &asset;\n    return nullptr;\n}\n\n}  // namespace tranche\n")
