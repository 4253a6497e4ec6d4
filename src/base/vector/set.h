/* Names that say which instruction set a source was compiled for. Private to folders of vector
 * code. */
#ifndef WS_BASE_VECTOR_SET_H
#define WS_BASE_VECTOR_SET_H

#define TEXT_OF(set)      #set
#define TEXT(set)         TEXT_OF(set)
#define PASTE(name, set)  name##_##set
#define OF_SET(name, set) PASTE(name, set)

#endif
