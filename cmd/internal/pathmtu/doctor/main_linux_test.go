package doctor_test

import (
	"os"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
)

var program = programtest.Flag()

func TestMain(m *testing.M) { os.Exit(programtest.Run(m, program)) }
