package stock

import "context"

// UserRef are the arguments of get_user.
type UserRef struct {
	UserID string `json:"user_id" doc:"User identifier" maxLength:"64" pattern:"^[A-Za-z0-9][A-Za-z0-9._-]*$" example:"u-001"`
}

// User is a person who works with the inventory.
type User struct {
	UserID string `json:"user_id" doc:"User identifier" example:"u-001"`
	Name   string `json:"name" doc:"Full name" example:"Ada Hartmann"`
	Email  string `json:"email" doc:"Email address" format:"email" example:"ada.hartmann@example.com"`
	Role   string `json:"role" doc:"What the user may do" enum:"admin,clerk,auditor" example:"admin"`
}

// GetUser returns a user.
func (inv *Inventory) GetUser(ctx context.Context, ref UserRef) (User, error) {
	return inv.store.User(ctx, ref.UserID)
}
