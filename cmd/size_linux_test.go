package cmd_test

import (
	"os"
	"testing"
)

// TestSize wants a program that stays small, whatever is added to it.
func TestSize(t *testing.T) {
	const most = 24 << 20
	info, err := os.Stat(program)
	if err != nil {
		t.Fatal(err)
	}
	if info.Size() >= most {
		t.Errorf("the program has %d bytes, %d at most are wanted; see .github/CONTRIBUTING.md for what is in it", info.Size(), most)
	}
}
