package sandbox

// SocketProgram is the program that Enter installs.
var SocketProgram = socketProgram
