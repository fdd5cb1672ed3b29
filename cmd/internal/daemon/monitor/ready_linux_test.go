package monitor_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

const edge = `
pipelines:
  edge:
    sources: [{type: pcap, interface: eth0}]
    filters:
      - type: icmp-ptb
      - {type: iface-rate, rate: 1000}
    sinks: [{type: broadcast, interface: eth0}]
`

func ready() response { return response{200, "ok\n"} }

// unready is the answer when stages are in trouble.
func unready(troubles ...string) response {
	text := ""
	for _, t := range troubles {
		text += "[-] pipeline " + t + "\n"
	}
	return response{503, text + "not ready\n"}
}

// TestInterface takes an interface down, its cable out and itself away, and puts all
// of that back.
func TestInterface(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	lan := newLAN(t)
	d := start(t, lan.host, edge)
	both := func(trouble string) response {
		return unready("edge source pcap: interface eth0 "+trouble, "edge sink broadcast: interface eth0 "+trouble)
	}
	d.awaitReady(t, ready())
	must(t, lan.host.Down("eth0"))
	d.awaitReady(t, both("is down"))
	must(t, lan.host.Up("eth0"))
	d.awaitReady(t, ready())
	must(t, lan.wire.Down("eth0"))
	d.awaitReady(t, both("has no carrier"))
	must(t, lan.wire.Up("eth0"))
	d.awaitReady(t, ready())
	must(t, lan.host.Delete("eth0"))
	d.awaitReady(t, both("is gone"))
	if got := d.get(t, "/livez"); got != ready() {
		t.Errorf("/livez: %+v", got)
	}
	lan.connect(t)
	d.awaitReady(t, ready())
}

// TestSinkThatFails has peers to which there is no route, and then there is one.
func TestSinkThatFails(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	lan := newLAN(t)
	d := start(t, lan.host, strings.Replace(edge, "{type: broadcast, interface: eth0}", "{type: peers, unlimited: true, addresses: [198.51.100.9]}", 1))
	d.awaitReady(t, ready())
	sender := lan.sender(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	sent := make(chan error, 1)
	go func() {
		_, err := sender.Run(ctx, 50, timeout, nil)
		sent <- err
	}()
	defer func() { cancel(); <-sent }()

	begin := time.Now()
	eventually(t, "the sink's failure is told", func() bool {
		got := d.get(t, "/readyz")
		return got.Status == 503 && strings.HasPrefix(got.Body, "[-] pipeline edge sink peers: all deliveries have failed for 1") &&
			strings.HasSuffix(got.Body, ", the last as send-failed\nnot ready\n")
	})
	if took := time.Since(begin); took < 10*time.Second {
		t.Errorf("it is not ready after %v already", took)
	}
	must(t, lan.host.Addr("eth0", "198.51.100.1/24"))
	d.awaitReady(t, ready())
}

// TestPipelineThatFails has a capture that is damaged, beside a pipeline that goes on.
func TestPipelineThatFails(t *testing.T) {
	lan := newLAN(t)
	path := filepath.Join(t.TempDir(), "damaged.pcap")
	whole, err := os.ReadFile("../../../../testdata/vectors/public.pcap")
	must(t, err)
	must(t, os.WriteFile(path, whole[:1000], 0o600))
	d := start(t, lan.host, edge+"  files:\n    sources: [{type: pcap-file, path: "+path+"}]\n    sinks: [{type: log}]\n")
	var got response
	eventually(t, "the pipeline has failed", func() bool {
		got = d.get(t, "/readyz")
		return strings.HasPrefix(got.Body, "[-] pipeline files: it failed: source pcap-file: ")
	})
	if got.Status != 503 || !strings.Contains(got.Body, "damaged.pcap") || strings.Count(got.Body, "\n") != 2 {
		t.Errorf("/readyz: %+v", got)
	}
	if got := d.get(t, "/livez"); got != ready() {
		t.Errorf("/livez: %+v", got)
	}
}

// TestAddressThatIsTaken is an error at the start.
func TestAddressThatIsTaken(t *testing.T) {
	host := netns.NewTest(t, "host")
	var taken net.Listener
	must(t, host.Do(func() (err error) {
		taken, err = net.Listen("tcp", "127.0.0.1:9342")
		return err
	}))
	defer taken.Close()
	d := command(t, served+strings.ReplaceAll(edge, "eth0", "lo"))
	must(t, host.Start(d.Cmd))
	_ = d.Wait() // its status is looked at
	const want = "serve metrics and health: listen tcp 127.0.0.1:9342: bind: address already in use"
	if status := d.ProcessState.ExitCode(); status != 1 || !strings.Contains(d.log.String(), want) || strings.Contains(d.log.String(), "msg=ready") {
		t.Errorf("exit status %d:\n%s", status, d.log)
	}
}
