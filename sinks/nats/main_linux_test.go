package nats_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/natsserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) {
	natsserver.Main()
	netns.Main(m)
}
