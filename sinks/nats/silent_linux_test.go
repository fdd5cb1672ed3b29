package nats_test

import (
	"bufio"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// silent is a server that welcomes its clients and then neither reads nor says anything.
func silent(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:4222")
	netns.Must(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return // it was closed
			}
			t.Cleanup(func() { c.Close() })
			fmt.Fprintf(c, "INFO {\"server_id\":\"S\",\"max_payload\":1048576,\"proto\":1}\r\n")
			for lines := bufio.NewScanner(c); lines.Scan() && !strings.HasPrefix(lines.Text(), "PING"); {
			}
			fmt.Fprintf(c, "PONG\r\n")
		}
	}()
}
