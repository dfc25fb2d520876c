// Package stream follows the objects of one resource by list and watch, and gives each change to its reader as it comes.
//
// It keeps no copy of anything, so that following ten thousand objects costs what its reader keeps of them. Cut watches,
// expired versions and the wait before trying again are client-go's Reflector's business; a relist reaches the reader as
// one call and not as a change of every object.
package stream

import (
	"context"
	"log/slog"

	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

// Reader is told what happens, from one goroutine, in order.
type Reader interface {
	// Listed gives all objects as of a resource version: at the start, and whenever the watch couldn't be resumed.
	Listed(objects []metav1.Object, version string)
	// Seen gives one object that is new or changed.
	Seen(object metav1.Object)
	// Gone gives the last state of an object that is deleted, or no longer matches the selector.
	Gone(object metav1.Object)
}

// Source says what to follow.
type Source struct {
	// Name stands in log lines, such as "deployments.v1.apps".
	Name string
	// Example is of the type that List's items and Watch's objects have.
	Example runtime.Object
	List    func(context.Context, metav1.ListOptions) (runtime.Object, error)
	Watch   func(context.Context, metav1.ListOptions) (watch.Interface, error)
	// Select narrows down what is followed. May be nil.
	Select func(*metav1.ListOptions)
	// Trim cuts off what the reader doesn't need of an object, before a list holds all of them at once. May be nil.
	Trim func(metav1.Object)
	// Broken hears of each list and watch that isn't answered. May be nil.
	Broken func(error)
	// Log hears of broken watches. Default: nothing is logged.
	Log *slog.Logger
}

// Run follows the source until ctx ends. When the API server is away it tries again, after 0.2 s at first and at most
// every 6 s.
func Run(ctx context.Context, source Source, reader Reader) {
	log := source.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	logger := logr.FromSlogHandler(log.Handler())
	narrow := func(options metav1.ListOptions) metav1.ListOptions {
		if source.Select != nil {
			source.Select(&options)
		}
		return options
	}
	broken := func(err error) {
		if err != nil && source.Broken != nil {
			source.Broken(err)
		}
	}
	from := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			list, err := source.List(ctx, narrow(options))
			broken(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
			events, err := source.Watch(ctx, narrow(options))
			broken(err)
			return events, err
		},
	}
	backoff := again()
	reflector := cache.NewReflectorWithOptions(from, source.Example, &store{reader: reader, trim: source.Trim},
		cache.ReflectorOptions{Name: source.Name, Logger: &logger, Backoff: &backoff})
	reflector.RunWithContext(klog.NewContext(ctx, logger))
}

// store hands on what the reflector would have stored.
type store struct {
	reader Reader
	trim   func(metav1.Object)
}

func (s *store) Add(object any) error {
	return s.Update(object)
}

func (s *store) Update(object any) error {
	if seen, ok := object.(metav1.Object); ok {
		s.reader.Seen(seen)
	}
	return nil
}

func (s *store) Delete(object any) error {
	if gone, ok := object.(metav1.Object); ok {
		s.reader.Gone(gone)
	}
	return nil
}

func (s *store) Replace(list []any, version string) error {
	objects := make([]metav1.Object, 0, len(list))
	for _, entry := range list {
		if object, ok := entry.(metav1.Object); ok {
			objects = append(objects, object)
		}
	}
	s.reader.Listed(objects, version)
	return nil
}

func (s *store) Resync() error { return nil }

// Transformer lets the reflector trim objects while it gathers a list.
func (s *store) Transformer() cache.TransformFunc {
	if s.trim == nil {
		return nil
	}
	return func(entry any) (any, error) {
		if object, ok := entry.(metav1.Object); ok {
			s.trim(object)
		}
		return entry, nil
	}
}
