package peerlist

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) {
	askNameServer()
	netns.Main(m)
}
