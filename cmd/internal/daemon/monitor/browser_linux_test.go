package monitor_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/pmtud/pmtud/cmd/internal/readable"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// browser is a tab of a real Chromium.
type browser struct {
	context.Context

	mu       sync.Mutex
	requests []string // URLs
	trouble  []string // what the console shows of errors
}

// openBrowser starts Chromium, without a window.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("needs Chromium: apt-get install chromium")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WindowSize(1280, 1400))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium's own can't be had as root
	}
	ctx, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	ctx, stop = chromedp.NewContext(ctx)
	t.Cleanup(stop)
	b := &browser{Context: ctx}
	must(t, chromedp.Listen(ctx, b.note))
	call(t, b, network.Enable, network.EnableParams{})
	call(t, b, cdplog.Enable, cdp.Empty{})
	call(t, b, runtime.Enable, cdp.Empty{})
	return b
}

// call has the tab do something.
func call[P, R any](t *testing.T, b *browser, command cdp.Command[P, R], params P) {
	t.Helper()
	_, err := chromedp.Call(b, command, params)
	must(t, err)
}

// note keeps what a page must not do.
func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventExceptionThrown:
		b.trouble = append(b.trouble, fmt.Sprintf("%+v", e.ExceptionDetails))
	case *runtime.EventConsoleAPICalled:
		b.trouble = append(b.trouble, fmt.Sprintf("console.%s", e.Type))
	case *cdplog.EventEntryAdded:
		b.trouble = append(b.trouble, e.Entry.Text+" "+e.Entry.URL)
	}
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](t *testing.T, b *browser, expression string) (value T) {
	t.Helper()
	value, err := chromedp.Run(b, chromedp.Evaluate[T](expression))
	must(t, err)
	return value
}

// screenshot keeps a picture of the whole page with the artifacts of the test.
func (b *browser) screenshot(t *testing.T, name string) {
	t.Helper()
	picture, err := chromedp.Run(b, chromedp.FullScreenshot(100))
	must(t, err, os.WriteFile(filepath.Join(t.ArtifactDir(), name), picture, 0o600))
}

// prefer sets the scheme of colours that the user prefers.
func (b *browser) prefer(t *testing.T, scheme string) {
	t.Helper()
	call(t, b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
}

// relay returns an address of this namespace that leads to one of another.
func relay(t *testing.T, ns *netns.NS, to string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer in.Close()
				out, err := dialer(ns)(t.Context(), "tcp", to)
				if err != nil {
					return
				}
				defer out.Close()
				go io.Copy(out, in) // until one of them is closed
				io.Copy(in, out)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		running.Wait()
	})
	return l.Addr().String()
}

// received is the figure of the page's table of counters.
const received = `[...document.querySelectorAll('.counters tbody tr')].find(r => r.cells[0].textContent === 'received').cells[1].textContent`

// branching is a pipeline with two sources and two sinks, one of which has a filter.
const branching = `
pipelines:
  edge:
    sources: [{type: pcap, interface: eth0}, {type: nflog, group: 7}]
    filters:
      - {type: icmp-ptb}
      - {type: mtu}
      - {type: iface-rate, rate: 1000}
    sinks:
      - {type: broadcast, interface: eth0}
      - {type: log, filters: [{type: src-rate, rate: 1, key: [target]}]}
`

// TestBrowser looks at a flooded daemon with Chromium.
func TestBrowser(t *testing.T) {
	b := openBrowser(t)
	l := startLooked(t, branching)
	base := "http://" + relay(t, l.host, "127.0.0.1:9342") + "/"
	b.prefer(t, "light")
	must(t, chromedp.Do(b, chromedp.Navigate(base)))
	if n := evaluate[string](t, b, received); n != "0" {
		t.Errorf("%s packets were received before any was sent", n)
	}
	evaluate[bool](t, b, `document.querySelector('details').open = true`)
	l.flood(t, 2_000, 13*time.Second) // so long that the chart has two points
	p := l.settled(t)
	eventually(t, "the page shows what was received", func() bool {
		return evaluate[string](t, b, received) == readable.Number(p.Received.Total)
	})
	if !evaluate[bool](t, b, `document.querySelector('details').open`) {
		t.Error("what was opened is closed again")
	}
	if d := evaluate[string](t, b, `document.querySelector('.chart .line.received').getAttribute('d')`); !strings.HasPrefix(d, "M") {
		t.Errorf("the chart has the line %q", d)
	}
	if n := evaluate[int](t, b, `document.querySelectorAll('.graph .node').length`); n != 8 {
		t.Errorf("the graph has %d stages, there are 8", n)
	}
	const back = `getComputedStyle(document.body).backgroundColor`
	light := evaluate[string](t, b, back)
	b.screenshot(t, "light.png")
	b.prefer(t, "dark")
	if dark := evaluate[string](t, b, back); dark == light {
		t.Errorf("light and dark are both %s", dark)
	}
	b.screenshot(t, "dark.png")
	must(t, chromedp.Do(b, chromedp.EmulateViewport(390, 844)))
	if evaluate[int](t, b, `document.documentElement.scrollWidth`) > 390 {
		t.Error("the page is wider than a telephone")
	}
	b.screenshot(t, "narrow.png")
	b.check(t, base)
}

// check wants all to have come from the daemon, without an error.
func (b *browser) check(t *testing.T, base string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.trouble) > 0 {
		t.Errorf("the console shows %q", b.trouble)
	}
	fetched := 0
	for _, url := range b.requests {
		if !strings.HasPrefix(url, base) {
			t.Errorf("the page asks for %s", url)
		}
		if url == base {
			fetched++
		}
	}
	if fetched < 3 {
		t.Errorf("the page was fetched %d times", fetched)
	}
}
