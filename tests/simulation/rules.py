"""What a simulation runs: its calendar, campaigns and rules."""

from __future__ import annotations

from dataclasses import dataclass

SHOP = "demo_shop"

WEEK_DAYS = 7
# Days in which the shop runs campaigns of its own, every six weeks.
HISTORY_DAYS = 336
# Weeks after that in which it runs weekly randomised campaigns: a third of its users, a
# quarter of them in control. Estimators know no campaign of a week from those before.
PILOT_WEEKS, PILOT_SHARE, PILOT_CONTROL_SHARE = 12, 1 / 3, 0.25
# The day on which the project first decides.
FIRST_DAY = HISTORY_DAYS + PILOT_WEEKS * WEEK_DAYS
# Campaigns of each week, one offer each, as the seed campaign_plan has them.
CAMPAIGNS = (("email", "coupon"), ("push", "push_ad"), ("sms", "member_activity"), ("email", "coupon"))
# What the shop sells.
CATEGORIES = (
    "coffee and tea",
    "snacks",
    "rice and noodles",
    "drinks",
    "dairy",
    "fruit",
    "cleaning",
    "paper",
    "skin care",
    "hair care",
    "clothing",
    "shoes",
    "electronics",
    "kitchen",
    "toys",
    "pets",
)
# Money off in cents, or share of the price: what the shop's own campaigns give.
FACES, SHARES = (800, 1200, 2000), (0.15, 0.2, 0.25)
COST_PER_REDEMPTION = 0.5
CONTROL_SHARE = 0.2
# Entities of the shop that decisions are made from; the others stay out, for speed.
ENTITIES = ["users", "products", "transactions", "campaigns", "campaign_contacts", "coupons", "coupon_redemptions"]
KEY = "a key for simulations, known to everybody, good for nothing"
# The task whose scores these decisions rest on, and the one whose label stands beside
# its own: a label is told from a feature by the tasks there are.
TASK, TASKS = "redeem", ("redeem", "respond_14d")
# Models that no decision here rests on (what tells people why, other tasks) and the
# choice between families of customer value: built in the first cycle only.
ONCE = (
    "dec_decided_offers",
    "dec_explained_scores",
    "ml_user__reasons",
    "ml_user_category__reasons",
    "ml_user_offer__reasons",
    "user_score_reasons",
    "category_score_reasons",
    "offer_score_reasons",
    "user_amounts",
    "ftr_category__popularity",
    "ftr_user_category__days",
    "ftr_user_category__history",
    "lbl_user_category",
    "ftr_user_category__snapshot",
    "ml_user_category__scores",
    "ftr_user_product__days",
    "ftr_user_product__users",
    "ftr_user_product__history",
    "ftr_user_product__categories",
    "ftr_product__popularity",
    "ftr_product__similar",
    "ftr_user_product__unbought",
    "ftr_user_product__snapshot",
    "lbl_user_product",
    "ml_user_product__scores",
    "ftr_tier__reviews",
    "ftr_user_tier__amounts",
    "ftr_user_tier__snapshot",
    "lbl_tier__splits",
    "lbl_user_tier",
    "ml_user_tier__scores",
    "category_scores",
    "lbl_user",
    "ml_user__scores",
    "user_scores",
    "ml_customer_value__test_period",
    # entities that stay out, and views, which read the files as they are
    "contact_events",
    "int_contact_events_checked",
    "int_events_checked",
    "int_promotions_checked",
    "int_promotions_merged",
    "int_reviews_checked",
    "int_stock_levels_checked",
    "events",
    "market_calendar",
    "reviews",
    "stg_calendar__holidays",
    "stock_levels",
    "config.materialized:view",
)
# Cycles from one fit of the estimator of responses to the next; effects and customer
# value are fitted anew in each.
REFIT_CYCLES = 4
REFITTED = ("ml_validation", "ml_estimator_registry")


@dataclass(frozen=True)
class Rules:
    """What a simulation is run with.

    Parameters
    ----------
    users : int
        Users who ever register.
    cycles : int
        Weeks in which the shop decides.
    budget_per_user : float
        Weekly budget, per user who ever registers.
    """

    users: int = 1200
    cycles: int = 12
    budget_per_user: float = 1600 / 3000

    @property
    def budget(self) -> float:
        """Budget of a week, in money."""
        return self.users * self.budget_per_user

    @property
    def horizon_days(self) -> int:
        """Days of data after the last cycle."""
        return FIRST_DAY + self.cycles * WEEK_DAYS
