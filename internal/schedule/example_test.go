package schedule_test

import (
	"context"
	"fmt"
	"time"

	"github.com/towline-dev/towline/internal/schedule"
	"github.com/towline-dev/towline/internal/schedule/scheduletest"
)

// What is due together is called for together.
func Example() {
	clock := scheduletest.NewClock(time.Date(2026, 1, 2, 8, 59, 30, 0, time.UTC))
	s := schedule.New(schedule.Config{Clock: clock, Jitter: schedule.NoJitter})
	err := s.Set(map[string]string{"shop/web": "*/5 * * * *", "shop/db": "0 9 * * 1-5", "blog": "@every 1h"})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	err = s.Run(ctx, func(_ context.Context, keys []string) {
		fmt.Println(clock.Now().Format(time.TimeOnly), keys)
		if clock.Now().Hour() == 9 {
			stop()
		}
		clock.Advance(30 * time.Second)
	})
	fmt.Println(err)
	// Output:
	// 08:59:30 [blog shop/db shop/web]
	// 09:00:00 [shop/db shop/web]
	// <nil>
}
