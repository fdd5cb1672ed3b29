package peers_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/nameserver"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) {
	nameserver.Use()
	netns.Main(m)
}
