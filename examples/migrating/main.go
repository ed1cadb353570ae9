// Command migrating is the Go side of docs/migrating.md: a service that was
// FastAPI + FastMCP before. Each snippet of the guide stands here to the letter.
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	_ "modernc.org/sqlite"

	"github.com/tandem-go/tandem"
	"github.com/tandem-go/tandem/server"
)

type Reason string

func (Reason) Enum() []Reason { return []Reason{"sale", "restock", "damage"} }

type Adjustment struct {
	SKU    string  `json:"sku" doc:"Product identifier" pattern:"^SKU-[0-9]{4}$" example:"SKU-0042"`
	Delta  int     `json:"delta" doc:"Pieces added; negative takes away" minimum:"-1000" maximum:"1000" example:"-3"`
	Reason Reason  `json:"reason" doc:"Why the stock changes" example:"sale"`
	Note   *string `json:"note,omitempty" doc:"A remark" maxLength:"200" example:"broken box"`
}

func (a Adjustment) Validate(context.Context) error {
	if a.Reason == "sale" && a.Delta > 0 {
		return tandem.FieldErrorf("/delta", "a sale takes pieces away: the delta must be negative")
	}
	return nil
}

type Stock struct {
	SKU      string `json:"sku" doc:"Product identifier" example:"SKU-0042"`
	Quantity int    `json:"quantity" doc:"Pieces in stock now" example:"7"`
}

type Shop struct{ db *sql.DB }

func (s *Shop) AdjustStock(ctx context.Context, a Adjustment) (Stock, error) {
	const update = `UPDATE stock SET quantity = quantity + ?1 WHERE sku = ?2 AND quantity + ?1 >= 0 RETURNING quantity`
	out := Stock{SKU: a.SKU}
	err := s.db.QueryRowContext(ctx, update, a.Delta, a.SKU).Scan(&out.Quantity)
	if errors.Is(err, sql.ErrNoRows) {
		return Stock{}, tandem.Errorf(tandem.FailedPrecondition, "there are not enough pieces of %s", a.SKU)
	}
	return out, err
}

type Import struct {
	Rows int `json:"rows" doc:"How many rows are imported" minimum:"1" maximum:"1000" example:"10"`
}

type Imported struct {
	Count int `json:"count" doc:"How many rows were imported" example:"10"`
}

func (s *Shop) Import(ctx context.Context, in Import) (Imported, error) {
	for row := range in.Rows {
		select {
		case <-ctx.Done():
			return Imported{}, ctx.Err()
		case <-time.After(10 * time.Millisecond):
			tandem.Progress(ctx, float64(row+1), float64(in.Rows), fmt.Sprintf("row %d", row+1))
		}
	}
	return Imported{Count: in.Rows}, nil
}

func audit(next tandem.Invoker) tandem.Invoker {
	return func(ctx context.Context, call *tandem.Call) (tandem.Result, error) {
		result, err := next(ctx, call)
		slog.InfoContext(ctx, "called", "operation", call.Operation.Name, "by", tandem.PrincipalFrom(ctx).Subject, "failed", err != nil)
		return result, err
	}
}

func newService(db *sql.DB) *tandem.Service {
	svc := tandem.New("shop", "1.0.0")
	svc.Manage("db", db)
	svc.Use(audit)
	shop := &Shop{db: db}
	tandem.Register(svc, tandem.Operation{
		Name:    "adjust_stock",
		Summary: "Add or take away pieces of a product",
		Method:  "POST", Path: "/stock/adjustments",
		Scopes: []string{"stock:write"},
		Errors: []tandem.Code{tandem.FailedPrecondition},
	}, shop.AdjustStock)
	tandem.Register(svc, tandem.Operation{
		Name:    "import_rows",
		Summary: "Import rows, reporting progress",
		Method:  "POST", Path: "/imports",
		Scopes: []string{"stock:write"},
	}, shop.Import)
	return svc
}

func main() {
	db, err := sql.Open("sqlite", "file:shop?mode=memory&cache=shared")
	if err == nil {
		_, err = db.Exec(`CREATE TABLE stock (sku TEXT PRIMARY KEY, quantity INTEGER NOT NULL);
			INSERT INTO stock VALUES ('SKU-0042', 7)`)
	}
	if err != nil {
		slog.Error("open the database", "cause", err)
		os.Exit(1)
	}
	server.Main(newService(db))
}
