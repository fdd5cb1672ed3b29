package hostcheck_test

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/cmd/internal/daemon/hostcheck"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// addChain adds a chain as kube-proxy does.
func addChain(family nftables.TableFamily, table, chain string) func(*netns.NS) error {
	return func(host *netns.NS) error {
		return host.Do(func() error {
			c, err := nftables.New()
			if err != nil {
				return err
			}
			t := c.AddTable(&nftables.Table{Family: family, Name: table})
			c.AddChain(&nftables.Chain{Name: chain, Table: t})
			return c.Flush()
		})
	}
}

// bridge adds an interface that stands for one of a data plane.
func bridge(name string) func(*netns.NS) error {
	return func(host *netns.NS) error { return host.Bridge(name) }
}

// planes returns the findings about data planes.
func planes(t *testing.T, host *netns.NS, spec pipeline.Spec) (found []string) {
	t.Helper()
	p, err := pipeline.New(spec)
	netns.Must(t, err, host.Do(func() error {
		found = planesOf(hostcheck.Check(t.Context(), []*pipeline.Pipeline{p}, hostcheck.Daemon{}))
		return nil
	}))
	return found
}

func planesOf(findings []hostcheck.Finding) (found []string) {
	for _, f := range findings {
		if strings.HasPrefix(f.Subject, "data plane ") {
			found = append(found, f.Level.String()+" "+f.Subject+" "+f.State)
		}
	}
	return found
}

// TestDataPlanes recognises data planes by what they make, and which of them do not inject.
func TestDataPlanes(t *testing.T) {
	for _, tc := range []struct {
		name string
		make func(*netns.NS) error
		want []string // for those who inject
	}{
		{"none", addChain(nftables.TableFamilyIPv4, "filter", "FORWARD"), nil},
		{"iptables", addChain(nftables.TableFamilyIPv4, "filter", "KUBE-FORWARD"), []string{
			"ok data plane kube-proxy (iptables) accepts injected messages, and drops those meant for other nodes (KUBE-FORWARD drops INVALID)",
		}},
		{"iptables, liberal", func(host *netns.NS) error {
			return errors.Join(
				host.Sysctl("net.netfilter.nf_conntrack_tcp_be_liberal", "1"),
				addChain(nftables.TableFamilyIPv6, "filter", "KUBE-FORWARD")(host),
			)
		}, []string{
			"ok data plane kube-proxy (iptables) accepts injected messages, and sends those meant for other nodes back to the router (nf_conntrack_tcp_be_liberal is 1); the guard of inject stops these",
		}},
		{"nftables", addChain(nftables.TableFamilyIPv4, "kube-proxy", "services"), []string{
			"ok data plane kube-proxy (nftables) accepts injected messages, and sends those meant for other nodes back to the router; the guard of inject stops these",
		}},
		{"IPVS", bridge("kube-ipvs0"), []string{"ok data plane IPVS accepts injected messages"}},
		{"OVN", bridge("br-int"), []string{"ok data plane Open vSwitch (OVN-Kubernetes) accepts messages that pass the physical port's ingress"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			host, wire := netns.NewTest(t, "host"), netns.NewTest(t, "wire")
			netns.Must(t, netns.Veth(host, "eth0", wire, "eth0"), tc.make(host))
			got := planes(t, host, injectAsFrom("eth0"))
			for i, line := range got {
				got[i], _, _ = strings.Cut(line, "; with ") // where the kernel has IPVS
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			for _, line := range planes(t, host, broadcastOn("eth0")) {
				if !strings.HasPrefix(line, "warning ") {
					t.Errorf("no warning to those who broadcast: %s", line)
				}
			}
		})
	}
}

// TestDataPlanesOfMaps recognises those that pin BPF maps, in a file system of the thread's own.
func TestDataPlanesOfMaps(t *testing.T) {
	for _, tc := range []struct{ file, want string }{
		{"cilium_lb4_services_v2", "warning data plane Cilium ignores ICMP for services: no released version uses these messages, however they arrive"},
		{"cali_v4_nat_fe3", "ok data plane Calico (eBPF) accepts messages that pass the uplink's ingress, where its programs are"},
	} {
		t.Run(tc.file, func(t *testing.T) {
			netns.Own(t)
			p, err := pipeline.New(injectAsFrom("eth0"))
			netns.Must(t, err)
			done := make(chan error)
			var got []string
			go func() {
				runtime.LockOSThread() // and never unlock it
				err := mountMap(tc.file)
				if err == nil {
					got = planesOf(hostcheck.Check(t.Context(), []*pipeline.Pipeline{p}, hostcheck.Daemon{}))
				}
				done <- err
			}()
			if err := <-done; err != nil {
				t.Skipf("no mounts: %v", err)
			}
			if diff := cmp.Diff([]string{tc.want}, got); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
		})
	}
}

// mountMap shows the calling thread a BPF map of a name, which is a file.
func mountMap(name string) error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", "/sys/fs/bpf", "tmpfs", 0, ""); err != nil {
		return err
	}
	if err := os.MkdirAll("/sys/fs/bpf/tc/globals", 0o700); err != nil {
		return err
	}
	return os.WriteFile("/sys/fs/bpf/tc/globals/"+name, nil, 0o600)
}
