package event

import (
	"context"
	"log/slog"
)

// Log writes every event to a logger, as one record whose "event" is its name.
func Log(log *slog.Logger) Handler {
	return HandlerFunc(func(e Event) {
		attrs := append([]slog.Attr{slog.String("event", e.Name())}, e.Attrs()...)
		log.LogAttrs(context.Background(), e.Level(), e.Message(), attrs...) //nolint:sloglint // the event is the message
	})
}
