package flow_test

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"math"
	"net/netip"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/filters/flow"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// kernel stands at the other end of a filter's socket, for answers that the real one does
// not give at will. It answers before it is asked: questions are numbered from 1.
type kernel struct {
	t  *testing.T
	fd int
}

// takeOver puts a kernel in the place of the real one.
func takeOver(t *testing.T, f pipeline.Filter) kernel {
	t.Helper()
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	netns.Must(t, err)
	netns.Must(t, unix.SetNonblock(ends[0], true), unix.Dup3(ends[0], flow.Socket(f), unix.O_CLOEXEC), unix.Close(ends[0]))
	t.Cleanup(func() { unix.Close(ends[1]) })
	return kernel{t, ends[1]}
}

// answer sends a message of netlink as the answer to a question.
func (k kernel) answer(question uint32, kind uint16, body ...byte) {
	k.t.Helper()
	b := binary.NativeEndian.AppendUint32(nil, uint32(16+len(body)))
	b = binary.NativeEndian.AppendUint16(b, kind)
	b = binary.NativeEndian.AppendUint16(b, 0)
	b = binary.NativeEndian.AppendUint32(b, question)
	_, err := unix.Write(k.fd, append(append(b, 0, 0, 0, 0), body...))
	netns.Must(k.t, err)
}

func (k kernel) refuse(question uint32, errno unix.Errno) {
	k.t.Helper()
	k.answer(question, unix.NLMSG_ERROR, binary.NativeEndian.AppendUint32(nil, ^uint32(errno)+1)...)
}

// socket is the answer that there is one, a struct inet_diag_msg.
func socket(state byte, remotePort uint16) []byte {
	b := make([]byte, 72)
	b[0], b[1] = unix.AF_INET, state
	binary.BigEndian.PutUint16(b[6:], remotePort)
	return b
}

var local, remote = netip.MustParseAddrPort("192.0.2.1:443"), netip.MustParseAddrPort("198.51.100.7:40000")

// strict wants the flow here, and drops what can't be looked up.
func strict(table flow.Table) flow.Settings {
	return settings(func(s *flow.Settings) { s.Tables, s.Overload = flow.Tables{table}, flow.DropOnOverload })
}

// TestStates has the kernel find sockets that are not of the flow, or no more.
func TestStates(t *testing.T) {
	netns.Own(t)
	const tcp = 6
	for _, tt := range []struct {
		name     string
		protocol byte
		state    byte
		port     uint16
		here     bool
	}{
		{"TCP ESTABLISHED", tcp, 1, 40000, true},
		{"TCP SYN-SENT", tcp, 2, 40000, true},
		{"TCP FIN-WAIT-2", tcp, 5, 40000, true},
		{"TCP TIME-WAIT", tcp, 6, 40000, false},
		{"TCP LISTEN", tcp, 10, 0, false},
		{"TCP LISTEN with the port", tcp, 10, 40000, false},
		{"TCP to another port", tcp, 1, 40001, false},
		{"UDP connected", udp, 1, 40000, true},
		{"UDP connected to another port", udp, 1, 40001, false},
		{"UDP not connected", udp, 7, 0, false},
		{"UDP not connected, with the port", udp, 7, 40000, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := open(t, strict(flow.Sockets))
			takeOver(t, f).answer(1, 20, socket(tt.state, tt.port)...)
			p := withProtocol(about(local, remote), tt.protocol)
			want, here := flow.NoFlow, 0.0
			if tt.here {
				want, here = pipeline.Pass, 1
			}
			if got := pipelinetest.Decide(f, &p); got != want {
				t.Errorf("reason %d, want %d", got, want)
			}
			if got := measured(f, "here"); got != here {
				t.Errorf("%v messages about flows that are here, want %v", got, here)
			}
		})
	}
}

// TestTrouble wants questions without an answer to be decided by overload, and to be told.
func TestTrouble(t *testing.T) {
	netns.Own(t)
	for _, tt := range []struct {
		name  string
		table flow.Table
		do    func(kernel)
		want  string // the stage's complaint
	}{
		{"an error about sockets", flow.Sockets, func(k kernel) { k.refuse(1, unix.EPERM) }, "ask for socket: operation not permitted"},
		{"a short answer", flow.Sockets, func(k kernel) { k.answer(1, 20, socket(1, 40000)[:71]...) }, "ask for socket: reply of 71 bytes"},
		{"no answer", flow.Sockets, func(kernel) {}, "ask for socket: read: resource temporarily unavailable"},
		{"no answer but to an earlier question", flow.Sockets, func(k kernel) { k.answer(0, 20, socket(1, 40000)...) }, "ask for socket: read: resource temporarily unavailable"},
		{"nobody to ask", flow.Sockets, func(k kernel) { netns.Must(k.t, unix.Shutdown(k.fd, unix.SHUT_RD)) }, "ask for socket: write: broken pipe"},
		{"no rights any more", flow.Conntrack, func(k kernel) { k.refuse(2, unix.EPERM) }, "ask conntrack: operation not permitted; it needs CAP_NET_ADMIN"},
		{"no module any more", flow.Conntrack, func(k kernel) { k.refuse(2, unix.EINVAL) }, "ask conntrack: invalid argument; load the module nf_conntrack_netlink"},
		{"an error about conntrack", flow.Conntrack, func(k kernel) { k.refuse(2, unix.ENOMEM) }, "ask conntrack: cannot allocate memory"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := open(t, strict(tt.table))
			tt.do(takeOver(t, f))
			p := about(local, remote)
			if got := pipelinetest.Decide(f, &p); got != flow.Overload {
				t.Errorf("reason %d, want %d", got, flow.Overload)
			}
			if err := f.(pipeline.HealthChecker).Health(); err == nil || err.Error() != tt.want {
				t.Errorf("health %v, want %q", err, tt.want)
			}
			if n := measured(f, "unknown"); n != 1 {
				t.Errorf("%v unknown, want 1", n)
			}
		})
	}
}

// TestRecovery wants the first of a row of troubles to be logged, none of them to be cached,
// and an answer to end them.
func TestRecovery(t *testing.T) {
	netns.Own(t)
	var log pipelinetest.Buffer
	env := pipelinetest.Env(t)
	env.Log = slog.New(slog.NewTextHandler(&log, nil))
	f, err := flow.New(strict(flow.Sockets), env)
	netns.Must(t, err, f.(pipeline.Opener).Open(t.Context()))
	defer f.(pipeline.Opener).Close()
	k := takeOver(t, f)
	k.refuse(1, unix.EPERM)
	k.refuse(2, unix.EBUSY)
	k.answer(2, 20, socket(1, 40000)...) // late, and not for the next question
	k.answer(3, 20, socket(1, 40000)...)
	k.refuse(4, unix.ENOMEM)
	for i, step := range []struct {
		client uint16
		want   pipeline.Reason
		logged string
		health string
	}{
		{40000, flow.Overload, "operation not permitted", "operation not permitted"},
		{40000, flow.Overload, "", "device or resource busy"},
		{40000, pipeline.Pass, "", ""},
		{40000, pipeline.Pass, "", ""}, // from the cache
		{40001, flow.Overload, "cannot allocate memory", "cannot allocate memory"},
	} {
		p := about(local, netip.AddrPortFrom(remote.Addr(), step.client))
		if got := pipelinetest.Decide(f, &p); got != step.want {
			t.Errorf("step %d: reason %d, want %d", i, got, step.want)
		}
		text := log.Take()
		if (text != "") != (step.logged != "") || !strings.Contains(text, step.logged) || strings.Count(text, "can't look up flows") > 1 {
			t.Errorf("step %d: logged %q, want %q", i, text, step.logged)
		}
		health := ""
		if err := f.(pipeline.HealthChecker).Health(); err != nil {
			health = err.Error()
		}
		if (health != "") != (step.health != "") || !strings.HasSuffix(health, step.health) {
			t.Errorf("step %d: health %q, want %q", i, health, step.health)
		}
	}
}

// TestOpenWithoutRights opens conntrack on a thread that may not ask it.
func TestOpenWithoutRights(t *testing.T) {
	netns.Own(t)
	both := settings(func(s *flow.Settings) { s.Tables = flow.Tables{flow.Sockets, flow.Conntrack} })
	f, err := flow.New(both, pipelinetest.Env(t))
	netns.Must(t, err)
	before := netns.Descriptors(t)
	opened := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this function
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&header, &none[0]); err != nil {
			opened <- err
			return
		}
		opened <- f.(pipeline.Opener).Open(t.Context())
	}()
	if err := <-opened; !errors.Is(err, unix.EPERM) || !strings.Contains(err.Error(), "it needs CAP_NET_ADMIN") {
		t.Errorf("open: %v", err)
	}
	if after := netns.Descriptors(t); after != before {
		t.Errorf("%d descriptors, %d before", after, before)
	}
}

// TestOpenWithoutDescriptors opens each table when the process may have no more sockets.
func TestOpenWithoutDescriptors(t *testing.T) {
	netns.Own(t)
	var limit unix.Rlimit
	netns.Must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	for table, want := range map[flow.Table]string{
		flow.Sockets:   "ask for sockets: socket: too many open files",
		flow.Conntrack: "ask conntrack: socket: too many open files",
	} {
		f, err := flow.New(strict(table), pipelinetest.Env(t))
		netns.Must(t, err, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: limit.Max}))
		err = f.(pipeline.Opener).Open(t.Context())
		netns.Must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &limit))
		if err == nil || err.Error() != want {
			t.Errorf("open %s: %v, want %q", table, err, want)
		}
	}
}

// TestCloseFails closes a filter whose socket is gone.
func TestCloseFails(t *testing.T) {
	netns.Own(t)
	f, err := flow.New(strict(flow.Sockets), pipelinetest.Env(t))
	netns.Must(t, err, f.(pipeline.Opener).Open(t.Context()), unix.Close(flow.Socket(f)))
	if err := f.(pipeline.Opener).Close(); !errors.Is(err, unix.EBADF) {
		t.Errorf("close: %v", err)
	}
}

// TestFirstMoment asks about a message whose time is that of answers that are not there.
func TestFirstMoment(t *testing.T) {
	netns.Own(t)
	f := open(t, strict(flow.Sockets))
	p := about(local, remote)
	p.Time = 0
	if got := pipelinetest.Decide(f, &p); got != flow.NoFlow || measured(f, "queries") != 1 {
		t.Errorf("reason %d after %v questions", got, measured(f, "queries"))
	}
	want := "flow 192.0.2.1:443 to 198.51.100.7:40000, looked up in sockets"
	if got := f.(pipeline.Explainer).Explain(&p); got != want {
		t.Errorf("explanation %q, want %q", got, want)
	}
}

// TestClosed wants a filter that was closed to ask nobody, and to close nothing twice.
func TestClosed(t *testing.T) {
	netns.Own(t)
	f, err := flow.New(strict(flow.Sockets), pipelinetest.Env(t))
	netns.Must(t, err, f.(pipeline.Opener).Open(t.Context()), f.(pipeline.Opener).Close())
	p := about(local, remote)
	if got := pipelinetest.Decide(f, &p); got != pipeline.Pass || measured(f, "queries") != 0 {
		t.Errorf("reason %d after %v questions", got, measured(f, "queries"))
	}
	if err := f.(pipeline.Opener).Close(); err != nil {
		t.Errorf("closed again: %v", err)
	}
}

func TestQueriesThatAreNoRate(t *testing.T) {
	for _, queries := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		if _, err := flow.New(settings(func(s *flow.Settings) { s.Queries = queries }), pipelinetest.Env(t)); err == nil {
			t.Errorf("%v questions a second are accepted", queries)
		}
	}
}

func TestExplain(t *testing.T) {
	f, err := flow.New(strict(flow.Conntrack), pipelinetest.Env(t))
	if err != nil {
		t.Fatal(err)
	}
	fragment := about(local, remote)
	fragment.Decode()
	fragment.Quote()[7] = 1 // fragment offset
	empty := about(local, remote)
	empty.Decode()
	empty.Data = empty.Data[:empty.ICMP+8]
	for _, tt := range []struct {
		message pipeline.Packet
		want    string
	}{
		{empty, "nothing is quoted, so there is no flow"},
		{withProtocol(about(local, remote), 47), "quoted protocol 47, which can't be looked up"},
		{fragment, "no quoted ports, so there is no flow"},
		{about(local, remote), "flow 192.0.2.1:443 to 198.51.100.7:40000, looked up in conntrack by the daemon; here all pass"},
	} {
		tt.message.Decode()
		if got := f.(pipeline.Explainer).Explain(&tt.message); got != tt.want {
			t.Errorf("explanation %q, want %q", got, tt.want)
		}
	}
}
