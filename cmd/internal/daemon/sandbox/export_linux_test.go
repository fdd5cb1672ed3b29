package sandbox

// Program is the program that Enter installs for a plan.
var Program = Plan.program
