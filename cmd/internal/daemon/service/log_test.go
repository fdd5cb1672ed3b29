package service_test

import (
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/cmd/internal/daemon/service"
)

// TestLog reads all that is logged of a start, of reloads and of the end.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := func(version int, refuse bool) stage {
			return stage{Version: version, Exclusive: "group", Refuse: refuse}
		}
		r := run(t, declared{{"x", x(1, false)}}, func(_ *service.Options, f *files) { f.watch = true })
		said := func(what string, want ...string) {
			t.Helper()
			synctest.Wait()
			text := regexp.MustCompile(`time=\S+ level=`).ReplaceAllString(r.log.String(), "")
			r.log.Reset()
			if diff := cmp.Diff(want, strings.Split(strings.TrimSpace(text), "\n")); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
		}
		stopped := func(name string) string {
			return `INFO msg="pipeline stopped" pipeline=` + name + " received=1 forwarded=1 dropped=0 lost=0"
		}
		said("start", `DEBUG msg="pipeline opened" pipeline=x took=0s`, "INFO msg=ready pipelines=1 took=0s")

		r.files.set(declared{{"x", x(2, true)}}, nil)
		r.hup()
		said("refused", "INFO msg=reloading because=requested",
			`DEBUG msg="reload plan" open=[x] close=[x] close_first=[x]`,
			`INFO msg="closing pipelines before others can be opened" closed=[x] opened=[x]`,
			`DEBUG msg="closing pipeline" pipeline=x`, stopped("x"),
			`DEBUG msg="pipeline opened" pipeline=x took=0s`, `INFO msg="pipeline is running again, unchanged" pipeline=x`,
			`ERROR msg="can't open pipeline" pipeline=x error="source test: refused"`,
			`ERROR msg="reload failed; the old configuration stays in use" took=0s`)

		r.files.set(declared{{"a", stage{}}, {"x", x(1, false)}}, nil)
		time.Sleep(10 * time.Second)
		said("another", `INFO msg=reloading because="files changed"`,
			`DEBUG msg="reload plan" open=[a] close=[] close_first=[]`,
			`DEBUG msg="pipeline opened" pipeline=a took=0s`, "INFO msg=reloaded pipelines=2 started=[a] stopped=[] took=0s")

		r.files.set(declared{{"a", stage{}}}, nil)
		r.hup()
		said("fewer", "INFO msg=reloading because=requested",
			`DEBUG msg="reload plan" open=[] close=[x] close_first=[]`,
			`DEBUG msg="closing pipeline" pipeline=x`, stopped("x"), "INFO msg=reloaded pipelines=1 started=[] stopped=[x] took=0s")

		if err := r.end(); err != nil {
			t.Error(err)
		}
		said("end", "INFO msg=stopping", `DEBUG msg="closing pipeline" pipeline=a`, stopped("a"))
	})
}
