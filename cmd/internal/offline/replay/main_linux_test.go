package replay_test

import (
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

func TestMain(m *testing.M) { netns.Main(m) }
