// Package cluster asks the daemons of several servers which of the others they hear, and makes a table of the answers:
// who hears whom. One daemon can't tell: it knows what it hears, and not who hears it.
package cluster
