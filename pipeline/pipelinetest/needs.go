package pipelinetest

import (
	"fmt"
	"net"
	"reflect"
	"strconv"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
)

// testNeeds checks what a stage says that it needs. A stage that says nothing is not
// confined, and not run where confinement is required.
func testNeeds(t *testing.T, stage any) {
	n, ok := stage.(pipeline.HostUser)
	if !ok {
		t.Skip("the stage does not say what it needs")
	}
	needs := n.Needs()
	if again := n.Needs(); !reflect.DeepEqual(needs, again) {
		t.Errorf("needs change from %+v to %+v", needs, again)
	}
	for _, list := range [][]string{needs.TCP, needs.UDP} {
		for _, destination := range list {
			if err := checkDestination(destination); err != nil {
				t.Errorf("destination %q: %v", destination, err)
			}
		}
	}
}

func checkDestination(s string) error {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return err
	}
	if host == "" {
		return fmt.Errorf("no host")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q is no number from 1 to 65535", port)
	}
	return nil
}
