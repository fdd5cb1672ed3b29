package monitor_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

	"github.com/pmtud/pmtud/cmd/internal/lab/flood"
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

// screenshot keeps a picture of the whole page.
func (b *browser) screenshot(t *testing.T, name string) {
	t.Helper()
	dir := *screenshots
	if dir == "" {
		dir = t.ArtifactDir()
	}
	data, err := chromedp.Run(b, chromedp.FullScreenshot(100))
	must(t, err)
	picture, err := png.Decode(bytes.NewReader(data))
	must(t, err)
	var small bytes.Buffer
	must(t, (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&small, fewer(picture)))
	must(t, os.WriteFile(filepath.Join(dir, name), small.Bytes(), 0o644))
}

// fewer returns a picture with its 256 most frequent colours: those of lines and of most of
// the edges of letters.
func fewer(in image.Image) image.Image {
	bounds := in.Bounds()
	pixels := map[color.Color]int{}
	for y := range bounds.Dy() {
		for x := range bounds.Dx() {
			pixels[in.At(x, y)]++
		}
	}
	palette := slices.SortedFunc(maps.Keys(pixels), func(a, b color.Color) int { return pixels[b] - pixels[a] })
	out := image.NewPaletted(bounds, palette[:min(len(palette), 256)])
	draw.Draw(out, bounds, in, bounds.Min, draw.Src)
	return out
}

// violation is what axe-core finds.
type violation struct {
	ID, Help string
	Nodes    []struct{ HTML, FailureSummary string }
}

// axe wants no mistake that axe-core finds, as far as that is there: what people can't read,
// or programs that read to them.
func (b *browser) axe(t *testing.T, what string) {
	t.Helper()
	path := os.Getenv("AXE_CORE")
	if path == "" {
		t.Log("labels and contrast are not checked: AXE_CORE is not the path of axe-core's axe.min.js")
		return
	}
	script, err := os.ReadFile(path)
	must(t, err)
	_, err = chromedp.Run(b, chromedp.Evaluate[any](string(script)+"; null"))
	must(t, err)
	found, err := chromedp.Run(b, chromedp.Evaluate[[]violation](`axe.run().then(r => r.violations)`, chromedp.EvalAwaitPromise))
	must(t, err)
	for _, v := range found {
		t.Errorf("%s: %s: %s", what, v.ID, v.Help)
		for _, n := range v.Nodes {
			t.Logf("%s\n%s", n.HTML, n.FailureSummary)
		}
	}
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

// realistic returns what makes messages of few routers about many clients, with the MTUs of
// common tunnels: each second time the most frequent one.
func realistic() func(frame []byte) {
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.4, 4, 4000)
	mtus := []uint64{1492, 1480, 1420, 1476, 1400, 1436, 1460, 1450}
	common := rand.NewZipf(rand.New(rand.NewPCG(3, 4)), 1.6, 1, uint64(len(mtus)-1))
	addresses := false
	return func(frame []byte) {
		flood.ForgeBy(func() uint64 {
			if addresses = !addresses; addresses {
				client := zipf.Uint64() // its router is one of twelve
				return (client+1)*0x9e3779b1<<24 | (client%12+1)*0x85ebca6b&0xffffff
			}
			return (mtus[common.Uint64()] - 1000) << 32
		}, frame)
	}
}

// TestBrowser looks at a flooded daemon with Chromium.
func TestBrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("slow")
	}
	b := openBrowser(t)
	l := startLooked(t, branching)
	l.forge = realistic()
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
	top, _ := l.command(t, "top", "--once")
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
	b.screenshot(t, "page-light.png")
	b.prefer(t, "dark")
	if dark := evaluate[string](t, b, back); dark == light {
		t.Errorf("light and dark are both %s", dark)
	}
	b.screenshot(t, "page-dark.png")
	must(t, chromedp.Do(b, chromedp.EmulateViewport(390, 844)))
	if evaluate[int](t, b, `document.documentElement.scrollWidth`) > 390 {
		t.Error("the page is wider than a telephone")
	}
	b.screenshot(t, "page-narrow.png")
	evaluate[any](t, b, `document.getElementById('pause').click()`)
	b.axe(t, "narrow and dark")
	must(t, chromedp.Do(b, chromedp.EmulateViewport(1280, 1400)))
	b.axe(t, "dark")
	b.prefer(t, "light")
	b.axe(t, "light")
	b.check(t, base)
	b.terminal(t, "$ pmtud top\n"+strings.TrimRight(top, "\n "))
}

// terminal keeps a picture of text as a terminal shows it.
func (b *browser) terminal(t *testing.T, text string) {
	t.Helper()
	const lineHeight, padding = 20, 14
	height := int64(lineHeight*(strings.Count(text, "\n")+1) + 2*padding)
	must(t, chromedp.Do(b, chromedp.Navigate("about:blank")), chromedp.Do(b, chromedp.EmulateViewport(760, height)))
	evaluate[any](t, b, fmt.Sprintf(`document.body.style = 'margin: 0; background: #16181d';
		const pre = document.createElement('pre');
		pre.style = 'margin: 0; padding: %dpx 18px; color: #d8dce2; font: 15px/%dpx "DejaVu Sans Mono", monospace';
		pre.textContent = %q;
		document.body.append(pre)`, padding, lineHeight, text))
	b.screenshot(t, "top.png")
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
