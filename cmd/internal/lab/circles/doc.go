// Package circles tests that messages between hosts never go round, with the program itself
// on several hosts whose lists of peers are wrong.
package circles
