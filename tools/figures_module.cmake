# wellspring-figures.so, what draws figures with cairo: not linked, for the program opens it when it draws.
# What the program keeps of the font are its widths.
add_executable(make_font_widths ${CMAKE_SOURCE_DIR}/tools/make_font_widths.c)
target_link_libraries(make_font_widths PRIVATE PkgConfig::WS_DRAWING)
set(font_widths ${CMAKE_BINARY_DIR}/font_widths.c)
add_custom_command(OUTPUT ${font_widths} COMMAND make_font_widths ${WS_FONT} ${font_widths}
    DEPENDS make_font_widths ${WS_FONT})
target_sources(ws_report PRIVATE ${font_widths})

file(GLOB figures_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/report/cairo/*.c)
add_library(ws_figures MODULE ${figures_sources})
target_compile_options(ws_figures PRIVATE "SHELL:-include ${CMAKE_SOURCE_DIR}/src/base/banned.h")
target_link_libraries(ws_figures PRIVATE ws_report PkgConfig::WS_DRAWING)
# What it needs of our layers is linked into it, and stays inside.
target_link_options(ws_figures PRIVATE -Wl,--as-needed -Wl,--exclude-libs=ALL)
set_target_properties(ws_figures PROPERTIES PREFIX "" OUTPUT_NAME wellspring-figures
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
set_source_files_properties(${CMAKE_SOURCE_DIR}/src/report/cairo/font_face.c PROPERTIES
    COMPILE_DEFINITIONS WS_FONT="${WS_FONT}" OBJECT_DEPENDS ${WS_FONT})
