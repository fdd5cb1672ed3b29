package interfaces_test

import (
	"errors"
	"flag"
	"os"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
)

var (
	program = programtest.Flag()
	every   = flag.Bool("every-kind", false, "fail instead of skip where the kernel lacks a kind of interface")
)

func TestMain(m *testing.M) { os.Exit(programtest.Run(m, program)) }

// made fails the test on an error, but skips it where the kernel lacks the kind of interface.
func made(t *testing.T, err error) {
	t.Helper()
	switch {
	case errors.Is(err, errors.ErrUnsupported) && !*every:
		t.Skip("this kernel has no such interface: ", err)
	case err != nil:
		t.Fatal(err)
	}
}
