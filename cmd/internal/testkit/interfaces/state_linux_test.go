package interfaces_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// testReadiness takes down the interface, what it is made on, and the other end of the cables:
// /readyz says so, and that all is well again. A tunnel has no carrier to lose.
func (w *world) testReadiness(t *testing.T) {
	d := w.start(t, w.pipeline([]string{pcap(w.child)}, "{type: log}"))
	d.awaitReady(t, "ok\n")
	outage := func(noticed bool, ns *netns.NS, names ...string) {
		t.Helper()
		for _, name := range names {
			netns.Must(t, ns.Down(name))
		}
		if noticed {
			d.awaitReady(t, "[-] pipeline p source source0: interface "+w.child+" ")
		}
		for _, name := range names {
			netns.Must(t, ns.Up(name))
		}
		d.awaitReady(t, "ok\n")
	}
	outage(true, w.host, w.child)
	outage(!w.noEthernet && !w.unaware, w.host, "eth0", "eth1")
	outage(!w.noEthernet, w.other, "eth0", "eth1")
	d.end(t)
}

// awaitReady waits until /readyz has an answer that begins so.
func (d *daemon) awaitReady(t *testing.T, want string) {
	t.Helper()
	await(t, fmt.Sprintf("/readyz: %q", want), func() bool { return strings.HasPrefix(d.ready(t), want) })
}

func (d *daemon) ready(t *testing.T) string {
	t.Helper()
	client := http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", d.page())
		},
	}}
	answer, err := client.Get("http://pmtud/readyz")
	netns.Must(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	netns.Must(t, err)
	return string(body)
}

// testCheckHost has `pmtud check --host` say what works, and what does not.
func (w *world) testCheckHost(t *testing.T) {
	w.check(t, w.sinks(), "")
	if w.otherRouting {
		w.check(t, "{type: inject, as_from: "+w.child+"}", "problem  as_from "+w.child+" is in the VRF vrf0, whose routes the policy rules for the mark leave out")
		w.check(t, peers, "problem  peer "+other4+" can't be reached at "+other4+": network is unreachable")
		w.check(t, w.relay(), "problem  peer "+other4+" can't be reached at "+other4+": network is unreachable")
	}
}

// check checks a configuration with the sinks and wants a problem to be found, or none.
func (w *world) check(t *testing.T, sinks, problem string) {
	t.Helper()
	d := &daemon{dir: t.TempDir()}
	d.Cmd = exec.Command(*program, "check", "--host", "-c", d.configure(t, w.pipeline([]string{pcap(w.child), nflog}, sinks)))
	d.Stdout, d.Stderr = &d.log, &d.log
	netns.Must(t, w.host.Start(d.Cmd))
	err := d.Wait()
	got := d.log.String()
	if _, failed := errors.AsType[*exec.ExitError](err); failed != (problem != "") ||
		!strings.Contains(got, " interface "+w.child+" is up, its MTU is ") || !strings.Contains(got, problem) {
		t.Errorf("%s: %v, want %q\n%s", sinks, err, problem, got)
	}
}
