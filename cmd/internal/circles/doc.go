// Package circles has tests that a message which one host hands to another never goes round,
// with the program itself on several hosts whose lists of peers are wrong.
package circles
