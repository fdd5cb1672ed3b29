// Package threat holds the test that attacks a cluster with forged messages, in every
// mode that pmtud has, and prints what came of it:
//
//	go test ./cmd/internal/lab/threat -v -run TestAttacks
//
// For each attack and mode it prints how many servers believe the message, and in
// parentheses how many do without pmtud. It also prints how many packets the servers sent
// for the one that they received. For floods it prints how many entries another server's cache
// of path MTUs got, each of which pushes an older one out once the cache is full. The
// doc of the filter `sane` says what follows from that.
//
// A row of the table is an element of attacks or floods, a column one of modes.
package threat
