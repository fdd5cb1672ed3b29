package monitor_test

import (
	"flag"
	"os"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
)

var (
	program     = programtest.Flag()
	screenshots = flag.String("screenshots", "", "folder to write TestBrowser's pictures to (default: the artifacts of the test)")
)

func TestMain(m *testing.M) { os.Exit(programtest.Run(m, program)) }
