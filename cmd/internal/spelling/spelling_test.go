package spelling_test

import (
	"strings"
	"testing"

	"github.com/pmtud/pmtud/cmd/internal/spelling"
)

func TestNearest(t *testing.T) {
	names := []string{"interface", "listen", "max_age", "of", "min"}
	for word, want := range map[string]string{
		"interface": "interface", "INTERFACE": "interface", "intreface": "interface", "nterface": "interface", "interfaceee": "interface", "intrfc": "interface",
		"intrf": "", "interfaceeeee": "", "max-age": "max_age", "maxage": "max_age", "mxage": "max_age", "mge": "",
		"lsiten": "listen", "iltsen": "listen", "ilstne": "listen", "fo": "of", "o": "of", "": "", "xy": "", "mix": "min", "mox": "", "minus": "", "äöü": "",
	} {
		if got, ok := spelling.Nearest(word, names); got != want || ok != (want != "") {
			t.Errorf("%s: %q, want %q", word, got, want)
		}
	}
	if got, _ := spelling.Nearest("mim", []string{"mid", "mim", "min"}); got != "mim" {
		t.Errorf("the nearest is %s", got)
	}
	if got, _ := spelling.Nearest("mis", []string{"mid", "min"}); got != "mid" {
		t.Errorf("the first of the nearest is %s", got)
	}
}

func TestHints(t *testing.T) {
	twelve := strings.Split("ab cd ef gh ij kl mn op qr st uv wx", " ")
	for _, tc := range []struct {
		word  string
		names []string
		want  string
	}{
		{"lsiten", []string{"listen"}, "did you mean `listen`?"},
		{"zzz", []string{"a", "b"}, "valid here: `a`, `b`"},
		{"zzz", nil, ""},
		{"zzz", twelve, "valid here: `" + strings.Join(twelve, "`, `") + "`"},
		{"zzz", append(twelve, "yy"), ""},
	} {
		if got := spelling.DidYouMean(tc.word, tc.names); got != tc.want {
			t.Errorf("%s: %s", tc.word, got)
		}
	}
	for word, want := range map[string]string{
		"fihs": `unknown shell "fihs"; did you mean fish?`, "cmd": `unknown shell "cmd"; there are bash, fish`,
	} {
		if got := spelling.UnknownName("shell", word, []string{"bash", "fish"}).Error(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
