// Package vectors holds the tests that compare pmtud with the original daemon,
// packet by packet: testdata/vectors has frames and what that daemon decided about
// each of them. See the README there.
package vectors
