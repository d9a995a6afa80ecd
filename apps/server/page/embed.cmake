# SPDX-License-Identifier: MIT
# cmake -DOUT=page_files.c -P embed.cmake - this folder's files as a table in C (page_files.h).
cmake_minimum_required(VERSION 3.18)

set(mime_html "text/html; charset=utf-8")
set(mime_css "text/css; charset=utf-8")
set(mime_js "text/javascript; charset=utf-8")
set(mime_svg "image/svg+xml")

file(GLOB paths ${CMAKE_CURRENT_LIST_DIR}/*)
set(arrays "")
set(rows "")
set(n 0)
foreach(path ${paths})
  get_filename_component(name ${path} NAME)
  string(REGEX MATCH "[a-z]+$" ending ${name})
  if(NOT DEFINED mime_${ending})
    continue()
  endif()
  file(READ ${path} bytes HEX)
  file(SHA256 ${path} sum)
  string(SUBSTRING ${sum} 0 16 sum)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REPEAT "." 80 line)
  string(REGEX REPLACE "(${line})" "\\1\n" bytes "${bytes}")
  string(APPEND arrays "static const unsigned char file_${n}[] = {\n${bytes}\n};\n")
  string(APPEND rows "    { \"${name}\", \"${mime_${ending}}\", file_${n}, sizeof file_${n}, "
    "\"\\\"${sum}\\\"\" },\n")
  math(EXPR n "${n} + 1")
endforeach()

file(WRITE ${OUT}.new "/* Made by embed.cmake. */\n#include \"page_files.h\"\n\n${arrays}\n"
  "const struct page_file page_files[] = {\n${rows}};\nconst int n_page_files = ${n};\n")
file(RENAME ${OUT}.new ${OUT})
