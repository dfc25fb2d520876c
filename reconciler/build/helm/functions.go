package helm

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
)

// Names of functions that instrument puts into templates. They can't be written in one:
// the parser is given the names of the others only.
const (
	enterFunc = "towlineEnter"
	leaveFunc = "towlineLeave"
	roundFunc = "towlineRound"
	emitFunc  = "towlineEmit"
	payFunc   = "towlinePay"
	markFunc  = "towlineMark"
)

// changing names the functions whose result is another each time.
func changing() []string {
	return []string{
		"randAlphaNum", "randAlpha", "randNumeric", "randAscii", "randBytes", "randInt", "shuffle", "uuidv4",
		"genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert", "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey",
		"bcrypt", "htpasswd", "encryptAES",
	}
}

// functions gives what templates may call: Helm's functions, each of which pays before
// and after it works.
func (r *renderer) functions() template.FuncMap {
	funcs := sprig.TxtFuncMap()
	for _, name := range []string{"env", "expandenv"} {
		delete(funcs, name)
	}
	maps.Copy(funcs, formats())
	maps.Copy(funcs, r.clock())
	maps.Copy(funcs, template.FuncMap{
		"getHostByName": func(string) string { return "" },
		"lookup":        func(_, _, _, _ string) map[string]any { return map[string]any{} },
		"fail":          func(message string) (string, error) { return "", errors.New(message) },
		"required":      required,
		"keys":          keys,
		"values":        valuesOf,
		"print":         fmt.Sprint,
		"printf":        fmt.Sprintf,
		"println":       fmt.Sprintln,
		"html":          template.HTMLEscaper,
		"js":            template.JSEscaper,
		"urlquery":      template.URLQueryEscaper,
	})
	checks, prices, shallow := checks(), prices(), shallow()
	for name, f := range funcs {
		check := checks[name]
		if check == nil && !shallow[name] {
			check = checkAll
		}
		funcs[name] = r.metered(f, check, prices[name])
	}
	for _, name := range changing() {
		funcs[name] = r.noted(name, funcs[name])
	}
	return funcs
}

// metered gives f with the same parameters, and an error as a second result.
func (r *renderer) metered(f any, check check, price int64) any {
	fn := reflect.ValueOf(f)
	t := fn.Type()
	in := make([]reflect.Type, t.NumIn())
	for i := range in {
		in[i] = t.In(i)
	}
	failed := reflect.TypeFor[error]()
	wrapped := reflect.FuncOf(in, []reflect.Type{t.Out(0), failed}, t.IsVariadic())
	return reflect.MakeFunc(wrapped, func(args []reflect.Value) []reflect.Value {
		out, err := r.call(fn, args, check, price)
		if err != nil {
			return []reflect.Value{reflect.Zero(t.Out(0)), reflect.ValueOf(&err).Elem()}
		}
		return []reflect.Value{out, reflect.Zero(failed)}
	}).Interface()
}

func (r *renderer) call(fn reflect.Value, args []reflect.Value, check check, price int64) (reflect.Value, error) {
	if err := r.meter.spend(stepPrice + price); err != nil {
		return reflect.Value{}, err
	}
	if check != nil {
		if err := check(r.meter, args); err != nil {
			return reflect.Value{}, err
		}
	}
	var out []reflect.Value
	if fn.Type().IsVariadic() {
		out = fn.CallSlice(args)
	} else {
		out = fn.Call(args)
	}
	if len(out) == 2 && !out[1].IsNil() {
		err, _ := out[1].Interface().(error)
		return reflect.Value{}, err
	}
	return out[0], r.payResult(out[0])
}

func (r *renderer) payResult(v reflect.Value) error {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.String:
		return r.meter.text(int64(v.Len()))
	case reflect.Slice, reflect.Map:
		return r.meter.list(int64(v.Len()))
	}
	return nil
}

// noted gives f, and remembers that it was called.
func (r *renderer) noted(name string, f any) any {
	fn := reflect.ValueOf(f)
	return reflect.MakeFunc(fn.Type(), func(args []reflect.Value) []reflect.Value {
		r.changing[name] = true
		if fn.Type().IsVariadic() {
			return fn.CallSlice(args)
		}
		return fn.Call(args)
	}).Interface()
}

func checkAll(m *meter, args []reflect.Value) error {
	for _, a := range args {
		if _, err := m.value(a); err != nil {
			return err
		}
	}
	return nil
}

// clock gives the functions that ask for the time, with the renderer's. Dates are shown
// in UTC, wherever the program runs.
func (r *renderer) clock() template.FuncMap {
	now := func(name string) time.Time {
		r.changing[name] = true
		return r.now
	}
	at := func(name string, date any) time.Time {
		switch d := date.(type) {
		case time.Time:
			return d
		case *time.Time:
			return *d
		case int64:
			return time.Unix(d, 0)
		case int:
			return time.Unix(int64(d), 0)
		case int32:
			return time.Unix(int64(d), 0)
		}
		return now(name)
	}
	zoned := func(name string) func(string, any, string) string {
		return func(layout string, date any, zone string) string {
			location, err := time.LoadLocation(zone)
			if err != nil {
				location = time.UTC
			}
			return at(name, date).In(location).Format(layout)
		}
	}
	return template.FuncMap{
		"now":            func() time.Time { return now("now") },
		"ago":            func(date any) string { return now("ago").Sub(at("ago", date)).Round(time.Second).String() },
		"date":           func(layout string, date any) string { return at("date", date).UTC().Format(layout) },
		"dateInZone":     zoned("dateInZone"),
		"date_in_zone":   zoned("date_in_zone"),
		"htmlDate":       func(date any) string { return at("htmlDate", date).UTC().Format(time.DateOnly) },
		"htmlDateInZone": func(date any, zone string) string { return zoned("htmlDateInZone")(time.DateOnly, date, zone) },
	}
}

func required(message string, v any) (any, error) {
	if v == nil || v == "" {
		return v, errors.New(message)
	}
	return v, nil
}

// keys gives the keys of dictionaries in order: sprig's are in a random one, with which a
// render would differ from the next.
func keys(dicts ...map[string]any) []string {
	all := []string{}
	for _, d := range dicts {
		all = append(all, slices.Sorted(maps.Keys(d))...)
	}
	return all
}

// valuesOf gives the values of a dictionary in the order of its keys, for the same reason.
func valuesOf(dict map[string]any) []any {
	all := make([]any, 0, len(dict))
	for _, k := range slices.Sorted(maps.Keys(dict)) {
		all = append(all, dict[k])
	}
	return all
}
