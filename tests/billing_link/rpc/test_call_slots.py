from billing_link.rpc.call_slots import WAITING_PER_SLOT, CallSlots


def test_a_slot_is_taken_by_one_and_given_back():
    slots = CallSlots(1)
    assert slots.take(0)
    assert not slots.take(0.01)
    slots.give_back()
    assert slots.take(0)


def test_who_waited_in_vain_leaves_its_place_to_another():
    slots = CallSlots(1)
    assert slots.take(0)
    for _ in range(3 * WAITING_PER_SLOT):
        assert not slots.take(0)
    slots.give_back()
    assert slots.take(0)
