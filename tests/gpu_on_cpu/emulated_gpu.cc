/* The CUDA module with the GPU on the CPU in it: all is in the library it is linked to. */
