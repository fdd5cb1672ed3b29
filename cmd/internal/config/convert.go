package config

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"regexp"
	"strings"
	"time"

	"github.com/pmtud/pmtud/cmd/internal/config/mistake"
	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/cmd/internal/spelling"
	"github.com/pmtud/pmtud/pipeline/setting"
)

var durationType = reflect.TypeFor[time.Duration]()

// kindError says that a value is not of the kind that a setting wants.
func kindError(want, hint string, got any) error {
	return mistake.Errorf(hint, "must be %s, not %s", want, syntax.KindOf(got))
}

// convert returns the value that a setting, or an element of one, has in a field of a
// type. It notes what is wrong.
func (d *decoder) convert(info setting.Info, n *Setting, t reflect.Type) (reflect.Value, bool) {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if setting.IsList(t) {
		return d.convertList(info, n, t)
	}
	typed(n, t)
	value, err := scalar(info, n.Value, t)
	if err == nil {
		err = check(info, value)
	}
	if err != nil {
		settingError(d.Report, info.Name, n.At, err)
	}
	return value, err == nil
}

// check checks a value by what its field declares.
func check(info setting.Info, value reflect.Value) error {
	err := info.Check(value)
	if err == nil {
		return nil
	}
	if name, ok := spelling.Nearest(setting.Format(value), info.Enum); ok {
		return mistake.Errorf("did you mean `"+name+"`?", "%w", err)
	}
	return err
}

// convertList lets a single value stand for a list of one.
func (d *decoder) convertList(info setting.Info, n *Setting, t reflect.Type) (reflect.Value, bool) {
	list, isRight := reflect.MakeSlice(t, 0, 0), true
	if table, ok := n.Value.(Table); ok {
		want, hint := "a list", addressHint(table)
		if hint != "" {
			want = "text"
		}
		settingError(d.Report, info.Name, n.At, kindError(want, hint, table))
		return list, false
	}
	items, isList := n.Value.(List)
	if !isList {
		items = List{n}
	}
	if isList || n.Untyped && n.At.Origin != "" {
		items = elements(items)
		n.Value = items
	}
	element := info
	element.Required = false // which is about the list
	for _, item := range items {
		value, ok := d.convert(element, item, t.Elem())
		list, isRight = reflect.Append(list, value), isRight && ok
	}
	if err := info.Check(list); err != nil && len(items) == 0 {
		settingError(d.Report, info.Name, n.At, err)
		isRight = false
	}
	return list, isRight
}

// elements returns the elements of a list. Text that came from a variable may hold several:
// commas and line ends separate them, and # begins a comment as in YAML.
func elements(list List) List {
	all := List{} // none is a value as well
	for _, item := range list {
		text, ok := item.Value.(string)
		if !ok || !item.Untyped || item.At.Origin == "" {
			all = append(all, item)
			continue
		}
		for i, line := range strings.Split(text, "\n") {
			line = strings.TrimSpace(lineComment.ReplaceAllString(line, ""))
			if line == "" {
				continue
			}
			at := item.At
			if strings.Contains(text, "\n") {
				at.Origin = fmt.Sprintf("%s, line %d", at.Origin, i+1)
			}
			for part := range strings.SplitSeq(line, ",") {
				all = append(all, &Setting{Value: strings.TrimSpace(part), At: at, Untyped: true})
			}
		}
	}
	return all
}

// lineComment matches the end of a line that is one.
var lineComment = regexp.MustCompile(`(^|\s)#.*$`)

// typed gives text of a setting that came from variables, or from a chain, the type of
// its field: elsewhere quotes tell text from numbers, but here are none.
func typed(n *Setting, t reflect.Type) {
	text, ok := n.Value.(string)
	if !ok || !n.Untyped || t == durationType || t.Kind() == reflect.String {
		return
	}
	number, isNumber := syntax.ParseText(text)
	switch {
	case setting.IsText(t):
		if isNumber && string(number) == text { // which says the same
			n.Value = number
		}
	case t.Kind() == reflect.Bool:
		if text == "true" || text == "false" {
			n.Value = text == "true"
		}
	case isNumber:
		n.Value = number
	}
}

// scalar returns a single value as that of a field.
func scalar(info setting.Info, value any, t reflect.Type) (reflect.Value, error) {
	v := reflect.New(t).Elem()
	if err := checkKind(value, t); err != nil {
		return v, err
	}
	text, _ := syntax.ScalarText(value)
	switch {
	case setting.IsText(t):
		return v, v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	case t == durationType:
		d, err := time.ParseDuration(text)
		if err != nil {
			return v, fmt.Errorf("%q is not a duration such as 10s or 1h30m; its units are ms, s, m and h", text)
		}
		v.SetInt(int64(d))
	case v.CanFloat():
		f, err := Number(text).Float(t.Bits())
		if err != nil {
			return v, fmt.Errorf("%s is out of range", text)
		}
		v.SetFloat(f)
	case v.CanInt() || v.CanUint():
		return v, setInteger(v, Number(text), info.Bounds())
	default:
		v.Set(reflect.ValueOf(value).Convert(t))
	}
	return v, nil
}

func setInteger(v reflect.Value, n Number, bounds string) error {
	var err error
	if v.CanUint() {
		var u uint64
		u, err = n.Unsigned(v.Type().Bits())
		v.SetUint(u)
	} else {
		var i int64
		i, err = n.Signed(v.Type().Bits())
		v.SetInt(i)
	}
	if errors.Is(err, syntax.ErrRange) {
		least, most := setting.Limits(v.Type())
		return fmt.Errorf("must be %s, not %s", cmp.Or(bounds, fmt.Sprintf("from %s to %s", least, most)), n)
	}
	if err != nil {
		return fmt.Errorf("must be a whole number, not %s", n)
	}
	return nil
}

// checkKind returns an error if a value is not of the kind that a field wants.
func checkKind(value any, t reflect.Type) error {
	text, isScalar := syntax.ScalarText(value)
	_, isBool := value.(bool)
	_, isText := value.(string)
	_, isNumber := value.(Number)
	isKind, want, hint := isNumber, "a whole number", ""
	switch {
	case addressHint(value) != "":
		isKind, want, hint = false, "text", addressHint(value)
	case setting.IsText(t):
		isKind, want = isScalar, "a single value"
	case t == durationType:
		isKind, want = isText || value == Number("0"), "a duration such as 10s" // no unit is missing behind 0
		if isNumber {
			hint = `write "` + text + `s" if seconds are meant`
		}
	case t.Kind() == reflect.Bool:
		isKind, want, hint = isBool, "true or false", syntax.BoolHint(text)
		if isText && (text == "true" || text == "false") {
			hint = "remove the quotes"
		}
	case t.Kind() == reflect.String:
		isKind, want = isText, "text"
		if isScalar {
			hint = `put quotes around it: "` + text + `"`
		} else if _, ok := value.(List); ok {
			hint = "write a single value"
		}
	case t.Kind() == reflect.Float32 || t.Kind() == reflect.Float64:
		want, hint = "a number", numberHint(value)
	default:
		hint = numberHint(value)
	}
	if isKind {
		return nil
	}
	return kindError(want, hint, value)
}

// numberHint is for numbers in quotes, and for those with a comment as other languages have
// it.
func numberHint(value any) string {
	text, ok := value.(string)
	if strings.Contains(text, " //") {
		return "comments begin with #"
	}
	if _, isNumber := syntax.ParseText(text); !ok || !isNumber {
		return ""
	}
	return "remove the quotes"
}

// addressHint returns what to write for an IPv6 address or prefix in {}. The parser takes
// the text before its first colon for a name.
func addressHint(value any) string {
	table, ok := value.(Table)
	if !ok || len(table) != 1 {
		return ""
	}
	rest, _ := syntax.ScalarText(table[0].Value)
	text := table[0].Name + ":" + rest
	addr, _, _ := strings.Cut(text, "/")
	if _, err := netip.ParseAddr(addr); err != nil {
		return ""
	}
	return `put quotes around it: "` + text + `"`
}
