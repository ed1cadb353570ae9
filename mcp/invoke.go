package mcp

import (
	"context"

	"github.com/tandem-go/tandem"
)

// invoke carries out the call. Its handler can speak to the caller of x
// meanwhile: report progress, log, and ask. In the modern era the error can be a
// *tandem.Pending, or a *rpcError: see [Door.interim].
func (d *Door) invoke(ctx context.Context, call *tandem.Call, x *exchange) (tandem.Result, error) {
	ctx, stop, err := d.converse(ctx, x)
	if err != nil {
		return tandem.Result{}, err
	}
	defer stop()
	if !x.modern() {
		if a := d.askerOf(x); a != nil {
			ctx = tandem.WithAsker(ctx, a)
		}
		return call.Operation.Invoke(ctx, call)
	}
	result, err := d.invokeModern(ctx, call, x)
	if err != nil {
		if fault := modernFault(err); fault != nil {
			err = fault
		}
	}
	return result, err
}

// invokeModern carries out a call without a session, which begins anew with each
// round of answers.
func (d *Door) invokeModern(ctx context.Context, call *tandem.Call, x *exchange) (tandem.Result, error) {
	if !x.asks() {
		return call.Operation.Invoke(ctx, call)
	}
	r, err := x.resume()
	if err != nil {
		return tandem.Result{}, err
	}
	return call.Operation.InvokeResumable(ctx, call, r)
}

// converse returns a context whose progress and log messages go to the caller who
// wants them, until stop is called. The error is a *rpcError.
func (d *Door) converse(ctx context.Context, x *exchange) (_ context.Context, stop func(), err error) {
	stop = func() {}
	least, wants, err := x.logLevel()
	if err != nil {
		return ctx, stop, err
	}
	if x.wantsProgress() {
		x.out.open()
		p := &progress{token: x.msg.params.meta.progressToken, notify: x.out.notify}
		ctx, stop = tandem.WithProgress(ctx, p.report), p.stop
	}
	if wants && x.out != nil {
		t := &talk{least: least, notify: x.out.notify}
		before := stop
		ctx, stop = tandem.WithLog(ctx, t.tell), func() { before(); t.stop() }
	}
	return ctx, stop, nil
}

// wantsProgress reports whether progress can and should be told.
func (x *exchange) wantsProgress() bool {
	return x.out != nil && isToken(x.msg.params.meta.progressToken)
}
