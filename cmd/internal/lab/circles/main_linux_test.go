package circles_test

import (
	"os"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/testkit/programtest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
)

var program = programtest.Flag()

func TestMain(m *testing.M) {
	natsserver.Main()
	os.Exit(programtest.Run(m, program))
}
