package sandbox

// Program is the program that Enter installs for a plan.
var Program = Plan.program

// RemainsWithout is what a version of Landlock can't keep a process from.
var RemainsWithout = remainsWithout
