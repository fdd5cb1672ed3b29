package pipeline

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// SettingInfo is what a field of a plugin's settings declares by its tags, which
// [FilterPlugin] describes. Bounds and example are as they would be written.
type SettingInfo struct {
	Name     string
	Doc      string
	Required bool
	Min, Max string   // inclusive; empty if there is no such bound
	Enum     []string // the texts that may be written; nil for any
	Pattern  string   // that texts match, for tools
	Example  string
	Secret   bool // such as a key: drawings don't show its value

	Field reflect.StructField
}

// SettingsOf returns the settings that a struct, or a pointer to one, declares, in
// the order of its fields. Fields without a setting tag are none.
func SettingsOf(settings any) []SettingInfo {
	t := reflect.TypeOf(settings)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	var all []SettingInfo
	for i := range t.NumField() {
		if field := t.Field(i); field.Tag.Get("setting") != "" {
			all = append(all, settingOf(field))
		}
	}
	return all
}

func settingOf(field reflect.StructField) SettingInfo {
	s := SettingInfo{
		Name:     field.Tag.Get("setting"),
		Doc:      field.Tag.Get("doc"),
		Required: field.Tag.Get("required") == "true",
		Min:      field.Tag.Get("min"),
		Max:      field.Tag.Get("max"),
		Pattern:  field.Tag.Get("pattern"),
		Example:  field.Tag.Get("example"),
		Secret:   field.Tag.Get("secret") == "true",
		Field:    field,
	}
	if enum := field.Tag.Get("enum"); enum != "" {
		s.Enum = strings.Split(enum, ",")
	}
	return s
}

// CheckSettings checks the values of settings, a pointer to a struct, by what its
// fields declare: bounds, enums, and that required texts and lists are not empty.
// It returns a [SettingError], or several joined.
func CheckSettings(settings any) error {
	v := reflect.ValueOf(settings).Elem()
	if v.Kind() != reflect.Struct {
		return nil
	}
	var errs []error
	for _, s := range SettingsOf(settings) {
		if err := s.Check(v.FieldByIndex(s.Field.Index)); err != nil {
			errs = append(errs, &SettingError{Setting: s.Name, Err: err})
		}
	}
	return errors.Join(errs...)
}

// Check checks a value of the setting, of a list each element.
func (s SettingInfo) Check(v reflect.Value) error {
	switch {
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return s.Check(v.Elem())
	case s.Required && isEmpty(v):
		return errors.New("is empty")
	case v.Kind() == reflect.Slice && !isText(v.Type()):
		return s.checkElements(v)
	}
	return s.checkOne(v)
}

func isEmpty(v reflect.Value) bool {
	return (v.Kind() == reflect.String || v.Kind() == reflect.Slice) && v.Len() == 0
}

func (s SettingInfo) checkElements(list reflect.Value) error {
	for i := range list.Len() {
		if err := s.checkOne(list.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (s SettingInfo) checkOne(v reflect.Value) error {
	if s.Enum != nil && !slices.Contains(s.Enum, SettingText(v)) {
		return fmt.Errorf("must be %s, not %q", s.choice(), SettingText(v))
	}
	if s.Min == "" && s.Max == "" {
		return nil
	}
	below, err := less(v, s.Min, false)
	if err != nil {
		return fmt.Errorf("read tag min: %w", err)
	}
	above, err := less(v, s.Max, true)
	if err != nil {
		return fmt.Errorf("read tag max: %w", err)
	}
	if below || above {
		return fmt.Errorf("must be %s, not %s", s.Bounds(), SettingText(v))
	}
	return nil
}

// Bounds returns the bounds as a phrase, such as "from 1 to 65536" or "at least 1".
// It is empty if there are none.
func (s SettingInfo) Bounds() string {
	switch {
	case s.Min != "" && s.Max != "":
		return "from " + s.Min + " to " + s.Max
	case s.Min != "":
		return "at least " + s.Min
	case s.Max != "":
		return "at most " + s.Max
	}
	return ""
}

// choice returns the enum as a phrase, such as "in, out or both".
func (s SettingInfo) choice() string {
	last := len(s.Enum) - 1
	if last == 0 {
		return s.Enum[0]
	}
	return strings.Join(s.Enum[:last], ", ") + " or " + s.Enum[last]
}

// less reports whether v is less than the bound, or more if swapped; NaN is both.
// There may be no bound.
func less(v reflect.Value, bound string, swapped bool) (bool, error) {
	if bound == "" {
		return false, nil
	}
	b, err := parseSetting(bound, v.Type())
	if err != nil {
		return false, err
	}
	if swapped {
		v, b = b, v
	}
	switch {
	case v.CanInt():
		return v.Int() < b.Int(), nil
	case v.CanUint():
		return v.Uint() < b.Uint(), nil
	case v.CanFloat():
		return !(v.Float() >= b.Float()), nil
	}
	return false, fmt.Errorf("a %v has no bounds", v.Type())
}

var durationType = reflect.TypeFor[time.Duration]()

// isText reports whether values of the type are parsed from text.
func isText(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// Parse returns the value that text stands for: the elements of a list have commas
// between them.
func (s SettingInfo) Parse(text string) (reflect.Value, error) {
	t := s.Field.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Slice || isText(t) {
		return parseSetting(text, t)
	}
	list := reflect.MakeSlice(t, 0, 0)
	for item := range strings.SplitSeq(text, ",") {
		v, err := parseSetting(strings.TrimSpace(item), t.Elem())
		if err != nil {
			return list, err
		}
		list = reflect.Append(list, v)
	}
	return list, nil
}

// parseSetting returns the value of a type that text stands for.
func parseSetting(text string, t reflect.Type) (reflect.Value, error) {
	v := reflect.New(t)
	if u, ok := v.Interface().(encoding.TextUnmarshaler); ok {
		err := u.UnmarshalText([]byte(text))
		return v.Elem(), err
	}
	v = v.Elem()
	var err error
	switch {
	case t == durationType:
		var d time.Duration
		d, err = time.ParseDuration(text)
		v.SetInt(int64(d))
	case v.CanInt():
		var n int64
		n, err = strconv.ParseInt(text, 10, t.Bits())
		v.SetInt(n)
	case v.CanUint():
		var n uint64
		n, err = strconv.ParseUint(text, 10, t.Bits())
		v.SetUint(n)
	case v.CanFloat():
		var f float64
		f, err = strconv.ParseFloat(text, t.Bits())
		v.SetFloat(f)
	case t.Kind() == reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		v.SetBool(b)
	case t.Kind() == reflect.String:
		v.SetString(text)
	default:
		err = fmt.Errorf("a %v is not written as text", t)
	}
	return v, err
}

// SettingText returns a setting's value as it would be written in a configuration:
// numbers, durations and the like as text, and a list with commas. No value is
// empty.
func SettingText(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return SettingText(v.Elem())
	case reflect.Float64, reflect.Float32:
		if !isText(v.Type()) {
			return floatText(v.Float(), v.Type().Bits())
		}
	case reflect.Slice:
		if !isText(v.Type()) {
			return listText(v)
		}
	}
	switch value := v.Interface().(type) {
	case time.Duration:
		return durationText(value)
	case encoding.TextMarshaler:
		if text, err := value.MarshalText(); err == nil {
			return string(text)
		}
	}
	return fmt.Sprint(v.Interface())
}

func listText(list reflect.Value) string {
	var items []string
	for i := range list.Len() {
		items = append(items, SettingText(list.Index(i)))
	}
	return strings.Join(items, ", ")
}

// floatText writes an exponent only where people would.
func floatText(f float64, bits int) string {
	if f == 0 || f >= 1e-4 && f < 1e15 || f <= -1e-4 && f > -1e15 {
		return strconv.FormatFloat(f, 'f', -1, bits)
	}
	return strconv.FormatFloat(f, 'g', -1, bits)
}

// durationText leaves out the zeros that [time.Duration.String] ends with.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
