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

	"github.com/pmtud/pmtud/cmd/internal/config/syntax"
	"github.com/pmtud/pmtud/pipeline/setting"
)

var durationType = reflect.TypeFor[time.Duration]()

// kindError says that a value is not of the kind that a setting wants.
type kindError struct {
	want string
	got  any
	hint string
}

func (e *kindError) Error() string { return "must be " + e.want + ", not " + syntax.KindOf(e.got) }

// rangeError says that a number does not fit into its field.
type rangeError struct {
	bounds string
	got    Number
}

func (e *rangeError) Error() string { return "must be " + e.bounds + ", not " + string(e.got) }

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
	value, err := scalar(n.Value, t)
	hint := ""
	if err == nil {
		if err = info.Check(value); err != nil {
			hint = meantHint(setting.Format(value), info.Enum)
		}
	}
	if kind, ok := errors.AsType[*kindError](err); ok {
		hint = kind.hint
	}
	if fit, ok := errors.AsType[*rangeError](err); ok {
		fit.bounds = cmp.Or(info.Bounds(), fit.bounds)
	}
	if err != nil {
		settingError(d.Report, info.Name, n.At, hint, err)
		return reflect.Zero(t), false
	}
	return value, true
}

// convertList lets a single value stand for a list of one.
func (d *decoder) convertList(info setting.Info, n *Setting, t reflect.Type) (reflect.Value, bool) {
	list, isRight := reflect.MakeSlice(t, 0, 0), true
	items, isList := n.Value.(List)
	if table, ok := n.Value.(Table); ok {
		kind := "a list"
		if addressHint(table) != "" {
			kind = "text"
		}
		settingError(d.Report, info.Name, n.At, addressHint(table), &kindError{kind, table, ""})
		return list, false
	}
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
		settingError(d.Report, info.Name, n.At, "", err)
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
func scalar(value any, t reflect.Type) (reflect.Value, error) {
	if hint := addressHint(value); hint != "" {
		return reflect.Value{}, &kindError{"text", value, hint}
	}
	text, isScalar := syntax.ScalarText(value)
	if setting.IsText(t) {
		if !isScalar {
			return reflect.Value{}, &kindError{"a single value", value, ""}
		}
		v := reflect.New(t)
		return v.Elem(), v.Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	v, err := basic(value, t)
	if err != nil {
		return reflect.Value{}, err
	}
	return reflect.ValueOf(v).Convert(t), nil
}

func basic(value any, t reflect.Type) (any, error) {
	if t == durationType {
		return duration(value)
	}
	switch t.Kind() {
	case reflect.Bool:
		return boolean(value)
	case reflect.String:
		return str(value)
	case reflect.Float32, reflect.Float64:
		return floating(value, t)
	}
	return integer(value, t)
}

func boolean(value any) (any, error) {
	if _, ok := value.(bool); ok {
		return value, nil
	}
	text, _ := syntax.ScalarText(value)
	hint := syntax.BoolHint(text)
	if value == "true" || value == "false" {
		hint = "leave out the quotes"
	}
	return nil, &kindError{"true or false", value, hint}
}

func str(value any) (any, error) {
	if _, ok := value.(string); ok {
		return value, nil
	}
	hint := ""
	if text, ok := syntax.ScalarText(value); ok {
		hint = `put quotes around it: "` + text + `"`
	} else if _, ok := value.(List); ok {
		hint = "write a single one"
	}
	return nil, &kindError{"text", value, hint}
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

func integer(value any, t reflect.Type) (any, error) {
	n, ok := value.(Number)
	if !ok {
		return nil, &kindError{"a whole number", value, unquote(value)}
	}
	var v any
	var err error
	if t.Kind() >= reflect.Uint {
		v, err = n.Unsigned(t.Bits())
	} else {
		v, err = n.Signed(t.Bits())
	}
	if errors.Is(err, syntax.ErrRange) {
		least, most := setting.Limits(t)
		return nil, &rangeError{fmt.Sprintf("from %s to %s", least, most), n}
	}
	if err != nil {
		return nil, fmt.Errorf("must be a whole number, not %s", n)
	}
	return v, nil
}

func floating(value any, t reflect.Type) (any, error) {
	n, ok := value.(Number)
	if !ok {
		return nil, &kindError{"a number", value, unquote(value)}
	}
	v, err := n.Float(t.Bits())
	if err != nil {
		return nil, fmt.Errorf("%s is out of range", n)
	}
	return v, nil
}

// unquote returns a hint for numbers in quotes, and for those with a comment as other
// languages have it.
func unquote(value any) string {
	text, ok := value.(string)
	if strings.Contains(text, " //") {
		return "comments begin with #"
	}
	if _, isNumber := syntax.ParseText(text); !ok || !isNumber {
		return ""
	}
	return "leave out the quotes"
}

func duration(value any) (any, error) {
	text, ok := value.(string)
	if value == Number("0") {
		text, ok = "0s", true // no unit is missing
	}
	if !ok {
		return nil, &kindError{"a duration such as 10s", value, unitHint(value)}
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		return nil, fmt.Errorf("%q is not a duration such as 10s or 1h30m; its units are ms, s, m and h", text)
	}
	return d, nil
}

// unitHint returns what to write for a number that lacks its unit.
func unitHint(value any) string {
	n, ok := value.(Number)
	if !ok {
		return ""
	}
	return `write "` + string(n) + `s" if seconds are meant`
}
